import { fileURLToPath } from 'node:url';

/** The catalogue of invented apps that comes with the project. */
export const OWN_CATALOGUE = fileURLToPath(new URL('../../assets/demo-catalogue.ndjson', import.meta.url));
