/** The tree that the rules look at: tracked text files by path, and their syntax trees on demand. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';

/** Something that a rule dislikes. */
export interface Finding {
  readonly rule: string;
  readonly path: string;
  /** 1-based; 0 when the whole file is meant. */
  readonly line: number;
  readonly message: string;
}

const EXTENSION = /\.(ts|tsx|mjs|js|json|md|css|html|proto|yaml|yml)$/;
const NAME = /(^|\/)([^/]*Dockerfile|\.dockerignore|LICENSE|run)$/;

export class Workspace {
  /** Text by path, relative to the root, with forward slashes. */
  readonly files: ReadonlyMap<string, string>;
  readonly #trees = new Map<string, ts.SourceFile>();

  constructor(files: ReadonlyMap<string, string>) {
    this.files = files;
  }

  /** The files of a checkout that git tracks or would track. */
  static ofCheckout(root: string): Workspace {
    const listed = execFileSync('git', ['ls-files', '-co', '--exclude-standard'], {
      cwd: root,
      encoding: 'utf8',
    });
    const paths = listed.split('\n').filter((path) => isText(path) && path !== 'package-lock.json');
    const present = paths.filter((path) => existsSync(join(root, path)));
    return new Workspace(new Map(present.map((path) => [path, readFileSync(join(root, path), 'utf8')])));
  }

  /** Paths of hand-written code. */
  get code(): string[] {
    return [...this.files.keys()].filter((path) => /\.(ts|tsx|mjs)$/.test(path) && !isGenerated(path));
  }

  /** The syntax tree of a code file. */
  tree(path: string): ts.SourceFile {
    let tree = this.#trees.get(path);
    if (tree === undefined) {
      const kind = path.endsWith('.tsx')
        ? ts.ScriptKind.TSX
        : path.endsWith('.mjs')
          ? ts.ScriptKind.JS
          : ts.ScriptKind.TS;
      tree = ts.createSourceFile(path, this.files.get(path) ?? '', ts.ScriptTarget.ESNext, true, kind);
      this.#trees.set(path, tree);
    }
    return tree;
  }
}

function isText(path: string): boolean {
  return EXTENSION.test(path) || NAME.test(path);
}

export function isGenerated(path: string): boolean {
  return /(^|\/)gen\//.test(path);
}

export function isSpec(path: string): boolean {
  return /\.spec\.tsx?$/.test(path);
}

/** The folder `libs/x` or `apps/x` that a path lies in. */
export function projectOf(path: string): string | undefined {
  return /^(libs|apps)\/[^/]+/.exec(path)?.[0];
}

/** 1-based line of a node. */
export function lineOf(tree: ts.SourceFile, node: ts.Node): number {
  return tree.getLineAndCharacterOfPosition(node.getStart(tree)).line + 1;
}

/** Calls `visit` for every node below `node`. */
export function walk(node: ts.Node, visit: (node: ts.Node) => void): void {
  node.forEachChild((child) => {
    visit(child);
    walk(child, visit);
  });
}
