/**
 * Whether a text holds what may be a payment card number: 13 to 19 digits that pass the Luhn check, alone or in
 * groups. Such a text is refused before it is stored or logged (PCI DSS 3.5.1: unreadable anywhere it is stored;
 * here it is not stored at all). One in ten random digit strings of that length passes too: an order id of 16
 * digits may have to be written with a letter.
 */
export function holdsCardNumber(text: string): boolean {
  // NFKC turns full-width and other compatibility digits into 0 to 9.
  for (const [run] of text.normalize('NFKC').matchAll(/\d(?:[\s.\-‐-―_/]?\d){12,}/gu)) {
    const groups = run.split(/\D/u);
    // A number may stand beside others ("2 4111 1111 1111 1111"), so every stretch of whole groups is tried.
    for (let first = 0; first < groups.length; first++) {
      let digits = '';
      for (const group of groups.slice(first)) {
        digits += group;
        if (digits.length > 19) break;
        if (digits.length >= 13 && startsLikeCard(digits) && passesLuhn(digits)) return true;
      }
    }
  }
  return false;
}

/** ISO/IEC 7812: 2 to 6 are the issuers of payment cards (travel, banking, merchandising). */
const startsLikeCard = (digits: string): boolean => /^[2-6]/.test(digits);

function passesLuhn(digits: string): boolean {
  let sum = 0;
  for (let i = 0; i < digits.length; i++) {
    const digit = Number(digits[digits.length - 1 - i]);
    const doubled = i % 2 === 1 ? digit * 2 : digit;
    sum += doubled > 9 ? doubled - 9 : doubled;
  }
  return sum % 10 === 0;
}
