/** Loaded into every program that another one starts: ends it once its parent has gone, also when that was killed. */
const CHECK_MS = 500;
const parent = process.ppid;

/** A process without a parent is given to another one; Windows goes on naming the one that has gone. */
function hasParent(): boolean {
  if (process.ppid !== parent) return false;
  try {
    process.kill(parent, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== "ESRCH";
  }
}

// The timer alone keeps no program running.
setInterval(() => {
  if (!hasParent()) process.exit(1);
}, CHECK_MS).unref();
