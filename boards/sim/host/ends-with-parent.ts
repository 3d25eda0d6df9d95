/** Loaded into every program that another one starts: ends it once its parent has gone, also when that was killed. */
const CHECK_MS = 500;
const parent = process.ppid;

// A process without a parent is given to another one. The timer alone keeps no program running.
setInterval(() => {
  if (process.ppid !== parent) process.exit(1);
}, CHECK_MS).unref();
