/**
 * What is wrong with one field, by a JSON Pointer in URI fragment form such as `#/lines/0/quantity`; with the rule that it
 * breaks where it is one that others know, such as `BR-AE-02`.
 */
export type FieldError = { pointer: string; detail: string; rule?: string };

/**
 * The request was understood and is declined; nothing was changed. HTTP shows it as `application/problem+json`
 * (https://www.rfc-editor.org/rfc/rfc9457). Everything in it is shown to the caller.
 */
export class Refusal extends Error {
  override name = 'Refusal';
  readonly status: number;
  readonly code: string;
  /** Fields with what is wrong with each. */
  readonly errors: FieldError[] | undefined;
  /** Further members of the problem, such as `declineCode`. */
  readonly members: Record<string, unknown>;
  readonly headers: Record<string, string>;

  /** @param code stable, for programs; @param message what is wrong and what to do, for people */
  constructor(
    status: number,
    code: string,
    message: string,
    more: { errors?: FieldError[]; members?: Record<string, unknown>; headers?: Record<string, string> } = {},
  ) {
    super(message);
    this.status = status;
    this.code = code;
    this.errors = more.errors;
    this.members = more.members ?? {};
    this.headers = more.headers ?? {};
  }
}

/** @param what part of the request is invalid: `The body` */
export const invalidRequest = (what: string, errors: FieldError[]): Refusal =>
  new Refusal(422, 'invalid_request', `${what} is invalid. See errors for what to change.`, { errors });

/** Another merchant's object is answered in the same way as a missing one. */
export const notFound = (what: string): Refusal =>
  new Refusal(
    404,
    'not_found',
    `There is no such ${what}. Check the id, and that it belongs to your merchant.`,
  );
