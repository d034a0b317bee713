/**
 * Whether a text may contain a payment card number: digits with the prefix and length of an issuer's numbers that
 * pass the Luhn check, alone or in groups. Such a text is refused before it is stored or logged (PCI DSS 3.5.1:
 * unreadable anywhere it is stored; here it is not stored at all). One in ten other numbers with such a prefix and
 * length passes the check too: an order id of 16 digits that begins with 4 may have to be written with a letter.
 */
export function holdsCardNumber(text: string): boolean {
  // NFKC turns full-width and other compatibility digits into 0 to 9, but not the digits of other scripts.
  const searched = text
    .normalize('NFKC')
    .replace(/[^\P{Nd}0-9]/gu, digitOf)
    .replace(otherNumbers, 'x')
    .replace(likeBankAccount, (number) => (isBankAccount(number) ? 'x' : number));
  // \p{Cf}: zero-width characters and soft hyphens, which are invisible between digits.
  for (const [run] of searched.matchAll(/\d(?:[\s.\-‐-―_/\p{Cf}]{0,3}\d){12,}/gu)) {
    const groups = run.split(/\D+/u);
    // A number may follow others ("2 4111 1111 1111 1111"), so every sequence of whole groups is tried.
    for (const first of groups.keys()) {
      let digits = '';
      for (let last = first; last < groups.length && digits.length < 19; last++) {
        digits += groups[last];
        if (issuedNumber.test(digits) && passesLuhn(digits)) return true;
      }
    }
  }
  return false;
}

/**
 * The value 0 to 9 of a decimal digit of any script. In Unicode the ten digits of a script are adjacent, from its
 * zero on (The Unicode Standard, section 4.6), and where two scripts are adjacent, each has ten.
 */
function digitOf(character: string): string {
  const codePoint = character.codePointAt(0) as number;
  let zero = codePoint;
  while (/\p{Nd}/u.test(String.fromCodePoint(zero - 1))) zero -= 1;
  return String((codePoint - zero) % 10);
}

/**
 * Other numbers of such lengths, which may pass the check by chance: UUIDs and hashes, dates, international phone
 * numbers.
 */
const otherNumbers = new RegExp(
  [
    /[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12,}/,
    /(?<!\d-)\b20\d\d-\d\d?-\d\d?\b(?!-\d)/,
    /(?<!\d[./])\b\d\d?[./]\d\d?[./]20\d\d\b(?![./]\d)/,
    /(?<!\w)\+[1-9](?:[ .-]?\d){6,14}(?![ .-]?\d)/,
  ]
    .map(({ source }) => source)
    .join('|'),
  'gi',
);

const likeBankAccount = /\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]){11,30}\b/g;

/**
 * IBAN (ISO 13616): with the first four characters moved to the end and letters read as 10 to 35, the remainder by 97
 * is 1.
 */
export function isBankAccount(number: string): boolean {
  const characters = number.replaceAll(' ', '');
  const moved = characters.slice(4) + characters.slice(0, 4);
  return BigInt(moved.replace(/[A-Z]/g, (letter) => String(Number.parseInt(letter, 36)))) % 97n === 1n;
}

/** Prefixes and lengths of card numbers: https://en.wikipedia.org/wiki/Payment_card_number (ISO/IEC 7812) */
const issuedNumber = new RegExp(
  [
    /4\d{12}(?:\d{3}){0,2}/, // Visa
    /(?:5[1-5]|2[2-7])\d{14}/, // Mastercard
    /3[47]\d{13}/, // American Express
    /3(?:0[0-59]|[689]\d)\d{11,16}/, // Diners Club
    /35\d{14,17}/, // JCB
    /(?:50|5[6-9]|6\d)\d{11,17}/, // Maestro, Discover, UnionPay, RuPay
  ]
    .map(({ source }) => `^(?:${source})$`)
    .join('|'),
);

function passesLuhn(digits: string): boolean {
  let sum = 0;
  for (let i = 0; i < digits.length; i++) {
    const digit = Number(digits[digits.length - 1 - i]);
    const doubled = i % 2 === 1 ? digit * 2 : digit;
    sum += doubled > 9 ? doubled - 9 : doubled;
  }
  return sum % 10 === 0;
}
