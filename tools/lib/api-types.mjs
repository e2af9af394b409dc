const HEADING = '// Generated from apps/api/openapi.json by `npm run api-types`. Do not edit.\n';
const NAME = /^[A-Za-z_$][\w$]*$/;

/**
 * Writes the OpenAPI document as TypeScript types for the console: one interface per schema, and one line per operation
 * (`'GET /v1/me'`) with its path, query, body and answer.
 * @param {object} document an OpenAPI 3.1 document
 * @returns {string} a module that has types only
 */
export function writeApiTypes(document) {
  const schemas = Object.entries(document.components.schemas)
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([name, schema]) => `export type ${name} = ${typeOf(schema)};\n`);
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(
      ([method, operation]) => `  '${method.toUpperCase()} ${path}': ${operationType(operation)};\n`,
    ),
  );
  return `${HEADING}\n${schemas.join('\n')}\nexport interface Operations {\n${operations.sort().join('')}}\n`;
}

function operationType(operation) {
  const parameters = (place) => {
    const found = (operation.parameters ?? []).filter((parameter) => parameter.in === place);
    if (found.length === 0) return 'undefined';
    const members = found.map(({ name, required, schema }) => member(name, typeOf(schema), required));
    return `{ ${members.join(' ')} }`;
  };
  const body = contentType(operation.requestBody?.content);
  const [success] = Object.entries(operation.responses).filter(([status]) => status !== 'default');
  const answer = contentType(success?.[1].content);
  return `{ path: ${parameters('path')}; query: ${parameters('query')}; body: ${body}; answer: ${answer} }`;
}

/** JSON as its type, anything else as bytes. */
function contentType(content) {
  if (content === undefined) return 'undefined';
  const json = content['application/json'];
  return json ? typeOf(json.schema) : 'Blob';
}

function typeOf(schema) {
  if (schema === undefined || Object.keys(schema).length === 0) return 'unknown';
  if (schema.$ref) return schema.$ref.split('/').at(-1);
  const union = schema.anyOf ?? schema.oneOf;
  if (union) return [...new Set(union.map(typeOf))].join(' | ');
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(' | ');
  if ('const' in schema) return JSON.stringify(schema.const);
  if (Array.isArray(schema.type)) return schema.type.map((type) => typeOf({ ...schema, type })).join(' | ');
  switch (schema.type) {
    case 'string':
      return schema.format === 'binary' ? 'Blob' : 'string';
    case 'integer':
    case 'number':
      return 'number';
    case 'boolean':
      return 'boolean';
    case 'null':
      return 'null';
    case 'array':
      return `Array<${typeOf(schema.items)}>`;
    case 'object':
      return objectType(schema);
    default:
      return 'unknown';
  }
}

function objectType({ properties = {}, required = [], additionalProperties }) {
  const members = Object.entries(properties).map(([name, schema]) =>
    member(name, typeOf(schema), required.includes(name)),
  );
  if (members.length > 0) return `{ ${members.join(' ')} }`;
  return `Record<string, ${typeof additionalProperties === 'object' ? typeOf(additionalProperties) : 'unknown'}>`;
}

function member(name, type, required) {
  return `${NAME.test(name) ? name : JSON.stringify(name)}${required ? '' : '?'}: ${type};`;
}
