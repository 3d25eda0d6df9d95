// `npm start`: sets up what is missing, then tells the whole story on the simulated board (or the one named by --board).
process.argv.splice(2, 0, "start");
await import("./latchkey.mjs");
