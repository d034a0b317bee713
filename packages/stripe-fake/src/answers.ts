export type Call = {
  method: string;
  /** With its query. */
  path: string;
  /** In lower case. */
  headers: Record<string, string | undefined>;
  body: string;
};

export type Answer = { status: number; headers: Record<string, string>; body: string };

export type Parameters = URLSearchParams;

/** An answer of Stripe's that is an error. https://docs.stripe.com/api/errors */
export class Refused extends Error {
  readonly status: number;
  readonly error: Record<string, unknown>;

  constructor(status: number, type: string, error: Record<string, unknown>) {
    super(String(error.message ?? error.code ?? type));
    this.status = status;
    this.error = { type, message: this.message, ...error };
  }
}

export const invalid = (error: Record<string, unknown>): Refused =>
  new Refused(400, 'invalid_request_error', error);

export const missing = (what: string): Refused =>
  new Refused(404, 'invalid_request_error', { code: 'resource_missing', message: `No such ${what}` });

export const json = (status: number, body: object, headers: Record<string, string> = {}): Answer => ({
  status,
  headers: { 'content-type': 'application/json', ...headers },
  body: JSON.stringify(body),
});
