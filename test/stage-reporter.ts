/**
 * Tells the runner (bin/stage.mjs) over its channel what happens: a word at each sign of progress, and the counts at the end.
 * A test that did not run because the set-up of its group failed counts as failed.
 */
import type { Reporter, TestCase, TestModule, TestSuite } from "vitest/node";

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

export function countTests(modules: Iterable<TestModule>): StageCounts {
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

export class StageReporter implements Reporter {
  onTestCaseReady = (test: TestCase) => this.tell({ progress: test.fullName });
  onTestCaseResult = (test: TestCase) => this.tell({ progress: test.fullName });
  onHookEnd = () => this.tell({ progress: "set-up" });
  onTestModuleEnd = (module: TestModule) => this.tell({ progress: module.moduleId });

  onTestRunEnd(modules: readonly TestModule[], errors: readonly unknown[]): void {
    const counts = countTests(modules);
    this.tell({ counts: { ...counts, failed: counts.failed + (errors.length > 0 && counts.failed === 0 ? 1 : 0) } });
  }

  private tell(what: object): void {
    process.send?.(what);
  }
}
