import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DockerfileParser, type Dockerfile, type Copy, type Instruction } from 'dockerfile-ast';
import { root } from '../../lib/workspace.mjs';

/** One `FROM … AS name` with what follows it. */
export interface Stage {
  name: string;
  image: string;
  instructions: Instruction[];
}

export interface CopyLine {
  from: string | undefined;
  sources: string[];
  destination: string;
}

/** The project's Dockerfile, parsed. */
export function readDockerfile(): Dockerfile {
  return DockerfileParser.parse(readFileSync(join(root, 'docker/Dockerfile'), 'utf8'));
}

/** Its stages in the order of the file. */
export function readStages(): Stage[] {
  const stages: Stage[] = [];
  const from = new Map(
    readDockerfile()
      .getFROMs()
      .map((line) => [line.getRange().start.line, line]),
  );
  for (const instruction of readDockerfile().getInstructions()) {
    const begin = from.get(instruction.getRange().start.line);
    if (begin) stages.push({ name: begin.getBuildStage() ?? '', image: begin.getImage() ?? '', instructions: [] });
    else stages.at(-1)?.instructions.push(instruction);
  }
  return stages;
}

/** A stage by its name. */
export function getStage(name: string): Stage {
  const stage = readStages().find((candidate) => candidate.name === name);
  if (!stage) throw new Error(`docker/Dockerfile has no stage ${name}`);
  return stage;
}

/** What a stage copies, in order. */
export function copiesOf({ instructions }: Stage): CopyLine[] {
  return instructions
    .filter((instruction): instruction is Copy => instruction.getKeyword() === 'COPY')
    .map((copy) => {
      const paths = copy.getArguments().map((argument) => argument.getValue());
      return {
        from: copy.getFromFlag()?.getValue() ?? undefined,
        sources: paths.slice(0, -1),
        destination: paths.at(-1) ?? '',
      };
    });
}

/** The arguments of a stage's instructions of one kind, as they stand there, continued lines joined. */
export function linesOf({ instructions }: Stage, keyword: string): string[] {
  return instructions
    .filter((instruction) => instruction.getKeyword() === keyword)
    .map((instruction) => (instruction.getArgumentsContent() ?? '').replaceAll(/\\\n\s*/g, ' '));
}
