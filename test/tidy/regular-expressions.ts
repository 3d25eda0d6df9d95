/**
 * Whether a regular expression can make an engine that backtracks (as QuickJS does) take more than time in proportion to the
 * text. It can when some text leads in more than one way through the same places: A. Weber and H. Seidl, "On the degree of
 * ambiguity of finite automata" (1991), as N. Weideman et al. apply it to matchers (CIAA 2016). Long because parser,
 * automaton and the search through it are one method.
 */

/** Codes 0 to 255, everything above, and the text's end. */
const ABOVE = 256;
const END = 257;
type Symbols = ReadonlySet<number>;

/** Repetitions up to this many are so many copies; more are taken for any number. */
const COPIES_MAX = 16;

type Node =
  | { readonly kind: "one"; readonly symbols: Symbols }
  | { readonly kind: "sequence" | "choice"; readonly parts: readonly Node[] }
  | { readonly kind: "repeat"; readonly part: Node; readonly least: number; readonly most: number };

class NotUnderstood extends Error {}

const all = (except: Symbols = new Set()): Symbols =>
  new Set(Array.from({ length: ABOVE + 1 }, (_, code) => code).filter((code) => !except.has(code)));
const range = (from: number, to: number): number[] => {
  const codes = [];
  for (let code = from; code <= Math.min(to, ABOVE); code++) codes.push(code);
  return codes;
};
const CLASSES: Readonly<Record<string, Symbols>> = {
  d: new Set(range(48, 57)),
  w: new Set([...range(48, 57), ...range(65, 90), 95, ...range(97, 122)]),
  s: new Set([9, 10, 11, 12, 13, 32, 160, ABOVE]),
};
const CONTROLS: Readonly<Record<string, number>> = { n: 10, r: 13, t: 9, v: 11, f: 12, "0": 0 };

/** Reads one pattern of JavaScript, without lookaround, references back and Unicode properties. */
function parse(pattern: string, flags: string): { readonly node: Node; readonly isAnchored: boolean } {
  let at = 0;
  const more = () => at < pattern.length;
  const take = (text: string): boolean => {
    if (!pattern.startsWith(text, at)) return false;
    at += text.length;
    return true;
  };
  const withCase = (codes: Iterable<number>): Symbols => {
    const set = new Set([...codes].map((code) => Math.min(code, ABOVE)));
    if (!flags.includes("i")) return set;
    for (const code of [...set]) {
      for (const text of [String.fromCharCode(code).toLowerCase(), String.fromCharCode(code).toUpperCase()]) {
        set.add(Math.min(text.charCodeAt(0), ABOVE));
      }
    }
    return set;
  };
  function escaped(isInClass: boolean): Symbols {
    const letter = pattern[at++] as string;
    const known = CLASSES[letter.toLowerCase()];
    if (known !== undefined) return letter === letter.toLowerCase() ? known : all(known);
    if (letter in CONTROLS) return new Set([CONTROLS[letter] as number]);
    const digits = letter === "x" ? 2 : letter === "u" ? 4 : 0;
    if (digits > 0) {
      const code = Number.parseInt(pattern.slice(at, at + digits), 16);
      at += digits;
      if (Number.isNaN(code)) throw new NotUnderstood(`\\${letter} without digits`);
      return new Set([code]);
    }
    if (/[0-9A-Za-z]/.test(letter) && !(letter === "b" && isInClass)) throw new NotUnderstood(`\\${letter}`);
    return new Set([letter === "b" ? 8 : letter.charCodeAt(0)]);
  }
  function charClass(): Symbols {
    const isNegated = take("^");
    const codes = new Set<number>();
    while (!take("]")) {
      if (!more()) throw new NotUnderstood("an open class");
      const from = take("\\") ? escaped(true) : new Set([pattern.charCodeAt(at++)]);
      if (from.size === 1 && pattern[at] === "-" && pattern[at + 1] !== "]") {
        at++;
        const to = take("\\") ? escaped(true) : new Set([pattern.charCodeAt(at++)]);
        for (const code of range([...from][0] as number, [...to][0] as number)) codes.add(code);
      } else for (const code of from) codes.add(code);
    }
    const set = withCase(codes);
    return isNegated ? all(set) : set;
  }
  function atom(): Node {
    if (take("(")) {
      if (take("?") && !take(":")) throw new NotUnderstood("a group that is not a plain one");
      const node = choice();
      if (!take(")")) throw new NotUnderstood("an open group");
      return node;
    }
    if (take("[")) return { kind: "one", symbols: charClass() };
    if (take("$")) return { kind: "one", symbols: new Set([END]) };
    if (take(".")) return { kind: "one", symbols: flags.includes("s") ? all() : all(new Set([10, 13])) };
    if (take("\\b")) return { kind: "sequence", parts: [] };
    if (take("\\")) return { kind: "one", symbols: withCase(escaped(false)) };
    if (take("^")) throw new NotUnderstood("a ^ that is not the first");
    return { kind: "one", symbols: withCase([pattern.charCodeAt(at++)]) };
  }
  function repeated(): Node {
    let node = atom();
    for (;;) {
      const counted = /^\{(\d+)(,?)(\d*)\}/.exec(pattern.slice(at));
      let [least, most] = [1, 1];
      if (take("*")) [least, most] = [0, Number.POSITIVE_INFINITY];
      else if (take("+")) [least, most] = [1, Number.POSITIVE_INFINITY];
      else if (take("?")) [least, most] = [0, 1];
      else if (counted !== null) {
        take(counted[0]);
        least = Number(counted[1]);
        most = counted[3] !== "" ? Number(counted[3]) : counted[2] === "" ? least : Number.POSITIVE_INFINITY;
      } else return node;
      take("?");
      node = { kind: "repeat", part: node, least, most };
    }
  }
  function choice(): Node {
    const parts: Node[] = [];
    do {
      const sequence: Node[] = [];
      while (more() && pattern[at] !== "|" && pattern[at] !== ")") sequence.push(repeated());
      parts.push({ kind: "sequence", parts: sequence });
    } while (take("|"));
    return parts.length === 1 ? (parts[0] as Node) : { kind: "choice", parts };
  }
  const isAnchored = !flags.includes("m") && pattern.startsWith("^") && take("^");
  const node = choice();
  if (more()) throw new NotUnderstood(`"${pattern[at]}" at ${at}`);
  return { node, isAnchored };
}

/** Places of a pattern, each of which takes one symbol, and what may follow each (Glushkov's automaton). */
interface Automaton {
  readonly symbols: Symbols[];
  /** Followers, each as often as there are ways to it. */
  readonly follow: Map<number, number>[];
  readonly last: ReadonlySet<number>;
}

interface Part {
  readonly first: readonly number[];
  readonly last: readonly number[];
  readonly isNullable: boolean;
}

function automatonOf(node: Node, isAnchored: boolean): Automaton {
  const symbols: Symbols[] = [];
  const follow: Map<number, number>[] = [];
  const place = (set: Symbols) => {
    symbols.push(set);
    follow.push(new Map());
    return symbols.length - 1;
  };
  const join = (from: readonly number[], to: readonly number[]) => {
    for (const one of from) {
      const ways = follow[one] as Map<number, number>;
      for (const other of to) ways.set(other, (ways.get(other) ?? 0) + 1);
    }
  };
  const nothing: Part = { first: [], last: [], isNullable: true };
  const after = (one: Part, other: Part): Part => {
    join(one.last, other.first);
    return {
      first: one.isNullable ? [...one.first, ...other.first] : one.first,
      last: other.isNullable ? [...one.last, ...other.last] : other.last,
      isNullable: one.isNullable && other.isNullable,
    };
  };
  function build(each: Node): Part {
    switch (each.kind) {
      case "one": {
        const number = place(each.symbols);
        return { first: [number], last: [number], isNullable: false };
      }
      case "sequence":
        return each.parts.map(build).reduce(after, nothing);
      case "choice": {
        const parts = each.parts.map(build);
        return {
          first: parts.flatMap(({ first }) => first),
          last: parts.flatMap(({ last }) => last),
          isNullable: parts.some(({ isNullable }) => isNullable),
        };
      }
      case "repeat": {
        const { part, least, most } = each;
        if (most <= COPIES_MAX) {
          let whole = nothing;
          for (let i = 0; i < most; i++) {
            const copy = build(part);
            whole = after(whole, i < least ? copy : { ...copy, isNullable: true });
          }
          return whole;
        }
        const loop = build(part);
        join(loop.last, loop.first);
        return { ...loop, isNullable: loop.isNullable || least === 0 };
      }
    }
  }
  // Where the match may begin anywhere, the search for its begin is a loop as well.
  const search = place(isAnchored ? new Set() : all());
  if (!isAnchored) join([search], [search]);
  const whole = build(node);
  join([search], whole.first);
  return { symbols, follow, last: new Set(whole.last) };
}

/** Reaches a goal in a graph whose nodes are numbers joined by commas. */
function reaches(start: readonly number[], isGoal: (state: string) => boolean, next: (state: number[]) => number[][]) {
  const seen = new Set<string>();
  const open = [[...start]];
  for (let state = open.pop(); state !== undefined; state = open.pop()) {
    for (const following of next(state)) {
      const name = following.join();
      if (isGoal(name)) return true;
      if (seen.has(name)) continue;
      seen.add(name);
      open.push(following);
    }
  }
  return false;
}

const isShared = (...sets: readonly Symbols[]): boolean =>
  [...(sets[0] as Symbols)].some((symbol) => sets.every((set) => set.has(symbol)));

/** @returns What makes it slow, or undefined. Throws NotUnderstood for what this method doesn't cover. */
export function slowness(pattern: string, flags = ""): string | undefined {
  const { node, isAnchored } = parse(pattern, flags);
  const { symbols, follow, last } = automatonOf(node, isAnchored);
  const hasBoundary = pattern.includes("\\b");
  const places = symbols.map((_, number) => number);
  /** Steps of several runs at once over the same text. */
  const together = (state: number[]): number[][] => {
    let all: number[][] = [[]];
    for (const each of state) {
      const ways = [...(follow[each] as Map<number, number>).keys()];
      all = all.flatMap((so) => ways.map((way) => [...so, way]));
    }
    return all.filter((next) => isShared(...next.map((each) => symbols[each] as Symbols)));
  };
  const loops = places.filter((each) => reaches([each], (name) => name === `${each}`, together));
  for (const one of loops) {
    const twice = [...(follow[one] as Map<number, number>)].some(
      ([to, ways]) => ways > 1 && (to === one || reaches([to], (name) => name === `${one}`, together)),
    );
    if (twice) return "exponential: two ways round the same loop";
    for (const other of loops) {
      // Whoever has come to the end, and needs nothing more, never goes back.
      if (one === other || (last.has(other) && !hasBoundary)) continue;
      if (!reaches([one], (name) => name === `${other}`, together)) continue;
      if (reaches([one, one, other], (name) => name === `${one},${other},${other}`, together)) {
        return "at least polynomial: two loops that can share a text, one behind the other";
      }
    }
  }
  return undefined;
}
