import type * as z from 'zod';
import type { JsonSchema } from './jsonSchema.ts';

/** An answer with JSON, or with a file of another type. */
export type Answer = { when: string; links?: Record<string, Links> } & (
  | { schema: z.core.$ZodType }
  | { contentType: string; file: string; headers?: Record<string, string> }
);

/** The parameters of another operation, by name, taken from the answer: `{ id: '/id' }`, as JSON Pointers. */
export type Links = Record<string, string>;

/** What a route says besides its settings, which are in its function, and its summary, which is in serverless.yml. */
export type Operation = {
  description: string;
  /** The schemas of the path's parameters. */
  path?: Record<string, { schema: z.core.$ZodType; description: string }>;
  /** The answers without a problem, by status. */
  answers: Record<number, Answer>;
  /** The codes of its own problems. Those of every route with the same settings are added. */
  problems?: string[];
};

/** A problem that an answer can have, by its code. */
export type Problem = {
  status: number;
  /** When it is answered, and what to do about it. */
  when: string;
  /** The headers that it has. */
  headers?: ('Retry-After' | 'WWW-Authenticate' | 'Accept-Encoding')[];
};

/** What a service's API says about itself, besides its code. */
export type ApiDescription = {
  title: string;
  description: string;
  /** The schemas that have a name, by their name in the document. */
  schemas: Record<string, z.core.$ZodType>;
  /** By the name of the function. */
  operations: Record<string, Operation>;
  problems: Record<string, Problem>;
  /** The JSON Schemas of refinements, by their function. */
  refinements?: Map<unknown, JsonSchema>;
  /** A sentence for the readers of a schema that has a refinement without message. */
  notes?: Map<z.core.$ZodType, string>;
};
