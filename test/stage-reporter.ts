/**
 * Tells the runner (bin/stage.mjs) over its channel what is under way at each sign of progress, and the counts at the end.
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

const nameOf = (test: TestCase): string => `${test.module.relativeModuleId}: ${test.fullName}`;

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
  /** What has begun and not ended, by its name: files and tests. */
  private readonly running = new Set<string>();

  onTestModuleStart = (module: TestModule) => this.begin(module.relativeModuleId);
  onTestModuleEnd = (module: TestModule) => this.end(module.relativeModuleId);
  onTestCaseReady = (test: TestCase) => this.begin(nameOf(test));
  onTestCaseResult = (test: TestCase) => this.end(nameOf(test));
  onHookEnd = () => this.tell({ running: [...this.running] });

  onTestRunEnd(modules: readonly TestModule[], errors: readonly unknown[]): void {
    const counts = countTests(modules);
    this.tell({ counts: { ...counts, failed: counts.failed + (errors.length > 0 && counts.failed === 0 ? 1 : 0) } });
  }

  private begin(name: string): void {
    this.running.add(name);
    this.tell({ running: [...this.running] });
  }

  private end(name: string): void {
    this.running.delete(name);
    this.tell({ running: [...this.running] });
  }

  private tell(what: object): void {
    process.send?.(what);
  }
}
