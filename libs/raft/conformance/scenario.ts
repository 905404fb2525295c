/**
 * Scenario files in the form of etcd's data-driven tests: directives with the output that they should have.
 *
 *     # a comment
 *     command argument key=value key=(value,value)
 *     lines of input
 *     ----
 *     lines of expected output, up to a blank line
 */

/** One directive and what it should print. */
export interface Directive {
  readonly command: string;
  readonly args: readonly Argument[];
  readonly input: readonly string[];
  readonly expected: string;
  /** Line of the directive in its file, counted from 1. */
  readonly line: number;
}

/** `key`, `key=value` or `key=(value,value)`; without values it is a bare word. */
export interface Argument {
  readonly key: string;
  readonly values: readonly string[];
}

const SEPARATOR = '----';
const ARGUMENT = /([^\s=]+)=\(([^)]*)\)|([^\s=]+)=(\S*)|(\S+)/g;
/** Lines of a node's own log. They tell people what happens; they are not behaviour. */
const LOG_LINE = /^\s*(DEBUG|INFO|WARN|ERROR) /;

export function parseScenario(text: string): Directive[] {
  const lines = text.split('\n');
  const directives: Directive[] = [];
  for (let at = 0; at < lines.length; at++) {
    const head = (lines[at] as string).trim();
    if (head === '' || head.startsWith('#')) continue;
    const separator = lines.indexOf(SEPARATOR, at);
    if (separator < 0) throw new Error(`line ${at + 1}: a directive without ${SEPARATOR}`);
    const blank = lines.indexOf('', separator);
    const end = blank < 0 ? lines.length : blank;
    const [command, ...args] = argumentsOf(head);
    directives.push({
      command: command?.key ?? '',
      args,
      input: lines.slice(at + 1, separator),
      expected: lines.slice(separator + 1, end).join('\n'),
      line: at + 1,
    });
    at = end;
  }
  return directives;
}

/**
 * Whether `actual` is what the directive should print. Log lines do not count; a directive that prints
 * nothing is expected as `ok`, one that prints log lines only has nothing left of either.
 */
export function asExpected({ expected }: Directive, actual: string): boolean {
  return comparable(expected) === comparable(actual);
}

/** Output as it is compared. */
export function comparable(output: string): string {
  const lines = output.replace(/\n$/, '').split('\n');
  const kept = lines.filter((line) => !LOG_LINE.test(line)).join('\n');
  return kept === 'ok' ? '' : kept;
}

/** The directive with one byte of what is compared changed, to see that the comparison looks at it. */
export function spoiled(directive: Directive): Directive {
  const lines = directive.expected.split('\n');
  const at = lines.findIndex((line) => line !== '' && !LOG_LINE.test(line));
  if (at < 0) return { ...directive, expected: `${directive.expected}\n~` };
  const line = lines[at] as string;
  const middle = line.length >> 1;
  lines[at] = `${line.slice(0, middle)}${line[middle] === '~' ? '!' : '~'}${line.slice(middle + 1)}`;
  return { ...directive, expected: lines.join('\n') };
}

function argumentsOf(head: string): Argument[] {
  return [...head.matchAll(ARGUMENT)].map(([, listKey, list, key, value, word]) => {
    if (listKey !== undefined) {
      return { key: listKey, values: (list ?? '').split(/[\s,]+/).filter((item) => item !== '') };
    }
    return key === undefined ? { key: word ?? '', values: [] } : { key, values: [value ?? ''] };
  });
}
