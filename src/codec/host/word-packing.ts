/**
 * Text in which frequent pieces are bytes of their own, as a device bundle ships: a list of words, then statements in
 * which a byte from 0x80 on stands for one. A word is the same byte wherever it stands, so a small change of the text is
 * a small change of what is packed; and each statement can be read by itself.
 * @source PROTOCOL 9.4.3; docs/adr/0009-packed-bundles.md
 */

/** Parts statements, and ends the list of words. */
export const PARTING = "\f";
const WORD_MARK = 0x0b;
const FIRST_CODE = 0x80;
const FIRST_PAIR = 0xf8;
const PAIRS = 128;
/** Words that every list begins with, unsaid: what a declaration begins with. Its name follows as it is. */
export const DECLARATIONS = ["const ", "function ", "function*", "async function "] as const;
/** Words of one byte, and all that there can be; both with the four above. */
export const SHORT_WORDS = FIRST_PAIR - FIRST_CODE;
export const WORDS_MAX = SHORT_WORDS + (0x100 - FIRST_PAIR) * PAIRS;
/** Words within words, at most; a unit reads no deeper. */
const DEPTH_MAX = 8;

/** What may stand in a text: ASCII without the two bytes that part. */
const TEXT = /^[\t\n\r\x20-\x7e]*$/;
const DECLARED = /^(?:const |async function |function\*|function )[\w$]+/;

/** What a branch of the tree of words spells, if a word, and its branches by the next character's code. */
interface Branch {
  word?: number;
  readonly next: Map<number, Branch>;
}

/** Spells texts in as few bytes as can be. */
export interface Speller {
  /**
   * @param isInside Whether the text is a word itself, which is no spelling of it.
   * @returns A number for each part: of its word, or of a letter `~code`.
   */
  spell(text: string, isInside?: boolean): number[];
}

/** @param words Without the declarations; the first ones take a byte, the others two. */
export function speller(words: readonly string[]): Speller {
  const root: Branch = { next: new Map() };
  [...DECLARATIONS, ...words].forEach((word, number) => {
    let branch = root;
    for (let i = 0; i < word.length; i++) {
      const code = word.charCodeAt(i);
      const next: Branch = branch.next.get(code) ?? { next: new Map() };
      branch.next.set(code, next);
      branch = next;
    }
    branch.word ??= number;
  });
  return {
    spell(text, isInside = false) {
      const cost = new Float64Array(text.length + 1);
      const parts = new Int32Array(text.length);
      const letters = new Int32Array(text.length).fill(1);
      for (let from = text.length - 1; from >= 0; from--) {
        cost[from] = 1 + (cost[from + 1] as number);
        parts[from] = ~text.charCodeAt(from);
        let branch: Branch | undefined = root;
        for (let to = from; to < text.length; ) {
          branch = branch.next.get(text.charCodeAt(to++));
          if (branch === undefined) break;
          if (branch.word === undefined || (isInside && to - from === text.length)) continue;
          const whole = (branch.word < SHORT_WORDS ? 1 : 2) + (cost[to] as number);
          if (whole >= (cost[from] as number)) continue;
          cost[from] = whole;
          parts[from] = branch.word;
          letters[from] = to - from;
        }
      }
      const spelled: number[] = [];
      for (let at = 0; at < text.length; at += letters[at] as number) spelled.push(parts[at] as number);
      return spelled;
    },
  };
}

function bytesOf(part: number): readonly number[] {
  if (part < 0) return [~part];
  if (part < SHORT_WORDS) return [FIRST_CODE + part];
  const pair = part - SHORT_WORDS;
  return [FIRST_PAIR + Math.floor(pair / PAIRS), FIRST_CODE + (pair % PAIRS)];
}

/**
 * Packs statements.
 * @throws RangeError for a text that isn't ASCII, more words than there are codes, or words too deep within words.
 */
export function packed(statements: readonly string[], words: readonly string[]): Uint8Array {
  if (words.length > WORDS_MAX - DECLARATIONS.length) throw new RangeError(`no more than ${WORDS_MAX} words`);
  const { spell } = speller(words);
  const spelled = words.map((word) => spell(checked(word), true));
  const depths = new Map<number, number>();
  const depthOf = (part: number): number => {
    if (part < DECLARATIONS.length) return 0;
    const depth = depths.get(part) ?? 1 + Math.max(0, ...(spelled[part - DECLARATIONS.length] ?? []).map(depthOf));
    depths.set(part, depth);
    return depth;
  };
  if (words.some((_, i) => depthOf(i + DECLARATIONS.length) > DEPTH_MAX)) throw new RangeError("words lie too deep");
  const bytes: number[] = [];
  for (const parts of spelled) bytes.push(WORD_MARK, ...parts.flatMap(bytesOf));
  if (words.length === 0) bytes.push(WORD_MARK);
  for (const statement of statements) {
    bytes.push(PARTING.charCodeAt(0));
    const [declared = ""] = DECLARED.exec(checked(statement)) ?? [];
    const start = DECLARATIONS.findIndex((each) => declared.startsWith(each));
    if (start >= 0) {
      bytes.push(FIRST_CODE + start);
      for (const letter of declared.slice(DECLARATIONS[start]?.length)) bytes.push(letter.charCodeAt(0));
    }
    for (const part of spell(statement.slice(declared.length))) bytes.push(...bytesOf(part));
  }
  return Uint8Array.from(bytes);
}

function checked(text: string): string {
  if (!TEXT.test(text)) throw new RangeError(`can't pack ${JSON.stringify(text.slice(0, 40))}: not plain ASCII`);
  return text;
}

/**
 * The text of a bundle, packed or not: statements parted by form feeds.
 * @throws RangeError where it names a word that it doesn't have.
 */
export function unpacked(bundle: Uint8Array): string {
  if (bundle[0] !== WORD_MARK) return new TextDecoder().decode(bundle);
  const partingAt = bundle.indexOf(PARTING.charCodeAt(0));
  const end = partingAt < 0 ? bundle.length : partingAt;
  const words: Uint8Array[] = [];
  for (let from = 1; from <= end; ) {
    const mark = bundle.subarray(from, end).indexOf(WORD_MARK);
    const to = mark < 0 ? end : from + mark;
    words.push(bundle.subarray(from, to));
    from = to + 1;
  }
  const read = (bytes: Uint8Array, depth: number): string => {
    let text = "";
    for (let at = 0; at < bytes.length; at++) {
      const code = bytes[at] as number;
      if (code < FIRST_CODE) {
        text += String.fromCharCode(code);
        continue;
      }
      const pair = code < FIRST_PAIR ? 0 : (code - FIRST_PAIR) * PAIRS + ((bytes[++at] ?? 0) & (PAIRS - 1));
      const word = (code < FIRST_PAIR ? code : FIRST_PAIR) - FIRST_CODE + pair;
      const spelled = words[word - DECLARATIONS.length];
      if (word >= DECLARATIONS.length && (spelled === undefined || depth === DEPTH_MAX))
        throw new RangeError(`no word ${word}`);
      text += DECLARATIONS[word] ?? read(spelled as Uint8Array, depth + 1);
    }
    return text;
  };
  return read(bundle.subarray(end + 1), 0);
}
