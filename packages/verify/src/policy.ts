import { hexOf } from './bytes.ts';
import { parseKeyOf, type Role, type VerifierKey } from './key.ts';
import { maxSignatures, type TrustedKeys } from './note.ts';
import { fewestFor, noQuorum, type Quorum } from './quorum.ts';

// Whose signatures a checkpoint must have, as a file: https://c2sp.org/tlog-policy, the editor's copy of 2026 (commit 13027ee),
// as no version is tagged yet. torchwood, tessera and the formats of transparency-dev read the same.

/** A line of a policy cannot be meant as it is. The message begins with the number of the line. */
export class PolicyError extends Error {
  override name = 'PolicyError';

  constructor(line: number, message: string) {
    super(`line ${line}: ${message}`);
  }
}

/** Twice what 32 logs and 32 witnesses take, as many as should be supported, with keys of ML-DSA-44. */
export const maxPolicyBytes = 262_144;
/** Of logs, and of witnesses and groups together. */
const maxDefined = 256;

/** @throws PolicyError when it is not a policy, or one that no checkpoint could meet */
export async function parsePolicy(bytes: Uint8Array): Promise<Required<TrustedKeys>> {
  const policy = new Policy();
  // A name is what its octets are, whether or not they are UTF-8: each becomes a character.
  const lines = Array.from(bytes, (octet) => String.fromCharCode(octet))
    .join('')
    .split('\n');
  for (const [i, line] of lines.entries()) {
    try {
      await policy.read(line, i + 1);
    } catch (error) {
      throw new PolicyError(i + 1, (error as Error).message);
    }
  }
  const { logs, witnesses, quorum } = policy;
  if (!quorum) {
    const last = Math.max(1, lines.findLastIndex((line) => line !== '') + 1);
    throw new PolicyError(last, 'the policy ends, and none of its lines begins with quorum.');
  }
  return { keys: logs, witnessKeys: witnesses, quorum };
}

class Policy {
  readonly logs: VerifierKey[] = [];
  readonly witnesses: VerifierKey[] = [];
  quorum: Quorum | undefined;
  /** By the names of witnesses and groups; and the line of each name, key, member, and of the quorum. */
  readonly #defined = new Map<string, Quorum>();
  readonly #lines = new Map<string, number>();

  async read(line: string, number: number): Promise<void> {
    if (/[^\t\x20-\x7e\x80-\xff]/.test(line)) {
      throw new Error(
        'it has a control character, such as that of line ends from Windows: only tabs are allowed.',
      );
    }
    const [keyword, ...items] = line.split(/[\t ]+/).filter((item) => item !== '');
    if (keyword === undefined || keyword.startsWith('#')) return;
    const [first = '', second = '', ...rest] = items;
    if (keyword === 'log' && (items.length === 1 || items.length === 2)) {
      this.logs.push(await this.#keyOf('log', first, number));
      if (this.logs.length > maxDefined) throw new Error(`it is one log too many: ${maxDefined} are read.`);
    } else if (keyword === 'witness' && (items.length === 2 || items.length === 3)) {
      const witness = await this.#keyOf('witness', second, number);
      this.witnesses.push(witness);
      this.#define({ name: first, witness }, number);
    } else if (keyword === 'group' && rest.length > 0) {
      this.#define(this.#groupOf(first, second, rest, number), number);
    } else if (keyword === 'quorum' && items.length === 1) {
      this.#onlyOnce('quorum', 'there is a quorum', number);
      this.quorum = first === 'none' ? noQuorum : this.#reachable(this.#definedAs(first));
    } else {
      throw new Error(
        'it is none of: log <key> [url], witness <name> <key> [url], group <name> all|any|<number> <member>…, quorum <name>.',
      );
    }
  }

  async #keyOf(role: Role, text: string, number: number): Promise<VerifierKey> {
    const key = await parseKeyOf(role, inUtf8(text));
    this.#onlyOnce(
      `${role} ${hexOf(key.publicKey)}`,
      `the same public key is that of another ${role}`,
      number,
    );
    return key;
  }

  #groupOf(name: string, howMany: string, names: string[], number: number): Quorum {
    const members = names.map((member) => {
      if (member === 'none') throw new Error('none cannot be a member of a group.');
      const defined = this.#definedAs(member);
      this.#onlyOnce(`member ${member}`, `${inUtf8(member)} is a member of a group`, number);
      return defined;
    });
    const threshold = howMany === 'any' ? 1 : howMany === 'all' ? members.length : wholeNumberOf(howMany);
    if (threshold >= 1 && threshold <= members.length) return { name, threshold, members };
    throw new Error(
      `the group ${inUtf8(name)} needs "${inUtf8(howMany)}" of its members: say all, any or a number from 1 to ${members.length}.`,
    );
  }

  #define(quorum: Quorum, number: number): void {
    const { name } = quorum;
    if (name === 'none')
      throw new Error('none is no name for a witness or group: it means that no quorum is needed.');
    this.#onlyOnce(`name ${name}`, `the name ${inUtf8(name)} is taken`, number);
    this.#defined.set(name, { ...quorum, name: inUtf8(name) });
    if (this.#defined.size <= maxDefined) return;
    throw new Error(`it is one witness or group too many: ${maxDefined} are read.`);
  }

  #definedAs(name: string): Quorum {
    const defined = this.#defined.get(name);
    if (defined) return defined;
    throw new Error(`no line before it defines a witness or group ${inUtf8(name)}.`);
  }

  #reachable(quorum: Quorum): Quorum {
    const fewest = fewestFor(quorum);
    if (fewest < maxSignatures) return quorum;
    throw new Error(
      `the quorum ${quorum.name} needs ${fewest} witnesses, and a checkpoint has at most ${maxSignatures} signatures, one of them the log's.`,
    );
  }

  #onlyOnce(what: string, taken: string, number: number): void {
    const before = this.#lines.get(what);
    if (before !== undefined) throw new Error(`${taken} since line ${before}.`);
    this.#lines.set(what, number);
  }
}

const wholeNumberOf = (text: string): number => (/^\d{1,9}$/.test(text) ? Number(text) : 0);

/** The text of octets, for people. */
const inUtf8 = (octets: string): string =>
  new TextDecoder().decode(Uint8Array.from(octets, (octet) => octet.charCodeAt(0)));
