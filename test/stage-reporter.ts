/**
 * Tells the runner (bin/stage.mjs) over its channel what is under way at each sign of progress, and the counts of each file.
 * A test that did not run because the set-up of its group failed counts as failed.
 */
import { relative } from "node:path";
import type { Reporter, TestCase, TestModule, TestSpecification, TestSuite } from "vitest/node";

export interface StageCounts {
  readonly passed: number;
  readonly failed: number;
  /** Tests that the tier leaves out. */
  readonly left: number;
}

const hasFailedSetUp = (test: TestCase): boolean => {
  for (let above: TestSuite | TestModule = test.parent; ; above = above.parent) {
    if (above.state() === "failed" && above.errors().length > 0) return true;
    if (above.type === "module") return false;
  }
};

/** A file's path from the folder in which the runner works. */
const pathOf = ({ moduleId }: { readonly moduleId: string }): string => relative(process.cwd(), moduleId);

const nameOf = (test: TestCase): string => `${pathOf(test.module)}: ${test.fullName}`;

function countTests(modules: Iterable<TestModule>): StageCounts {
  let [passed, failed, left] = [0, 0, 0];
  for (const module of modules) {
    const tests = [...module.children.allTests()];
    // A file that can't even be loaded holds no test, but fails all the same.
    if (tests.length === 0 && module.state() === "failed") failed++;
    for (const test of tests) {
      const { state } = test.result();
      if (state === "passed") passed++;
      else if (state === "failed" || hasFailedSetUp(test)) failed++;
      else left++;
    }
  }
  return { passed, failed, left };
}

/** What the runner is sent: the files that will be run, what is under way, or the counts of a file that has ended. */
export type StageMessage =
  | { readonly planned: readonly string[] }
  | { readonly running: readonly string[] }
  | { readonly file: string; readonly counts: StageCounts };

export class StageReporter implements Reporter {
  /** Files and tests that have begun and not ended. */
  private readonly running = new Set<string>();

  onTestRunStart = (files: readonly TestSpecification[]) => this.tell({ planned: files.map(pathOf) });
  onTestModuleStart = (module: TestModule) => this.begin(pathOf(module));
  onTestModuleEnd = (module: TestModule) => {
    this.tell({ file: pathOf(module), counts: countTests([module]) });
    this.end(pathOf(module));
  };
  onTestCaseReady = (test: TestCase) => this.begin(nameOf(test));
  onTestCaseResult = (test: TestCase) => this.end(nameOf(test));
  onHookEnd = () => this.tell({ running: [...this.running] });

  private begin(name: string): void {
    this.running.add(name);
    this.tell({ running: [...this.running] });
  }

  private end(name: string): void {
    this.running.delete(name);
    this.tell({ running: [...this.running] });
  }

  private tell(message: StageMessage): void {
    process.send?.(message);
  }
}
