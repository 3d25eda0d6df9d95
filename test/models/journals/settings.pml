/*
 * The record log in flash with two settings in it, and power that fails within any operation of the flash. README.md
 * says what it follows. A bank holds three records; a record is one operation, as in the test's small sectors.
 */
#ifndef PUTS
#define PUTS 7
#endif
#ifndef CUTS
#define CUTS 3
#endif
#define PLACES 3
#define ERASED 0
#define TORN 255
#define record(name, value) ((name + 1) * 16 + value)

byte generation[2]; /* 0: the header does not check */
byte cells[6]; /* bank * PLACES + place */
byte stored[2], wanted[2]; /* acknowledged values, and those that are being written */
byte puts = PUTS, cuts = CUTS;

/* what the unit holds in memory: settings.ts, Store */
byte bank, place, found[2];
byte i, target, next, name;
bit isCut;

/* record-log.ts: readLog; settings.ts: load */
inline load() {
  d_step {
    bank = (generation[1] > generation[0]);
    found[0] = 0; found[1] = 0; place = 0;
    do
    :: place < PLACES && generation[bank] != 0 && cells[bank * PLACES + place] != ERASED ->
      if
      :: cells[bank * PLACES + place] == TORN ->
#ifdef NO_CHECKSUM
        found[0] = 15
#else
        skip
#endif
      :: else -> found[cells[bank * PLACES + place] / 16 - 1] = cells[bank * PLACES + place] % 16
      fi;
      place++
    :: else -> break
    od;
    if
    :: generation[bank] == 0 -> place = PLACES
    :: else -> skip
    fi
  }
}

/* The promise: the value that was acknowledged, or the one that was being written when the power failed. */
inline check() {
  assert(found[0] == stored[0] || found[0] == wanted[0]);
  assert(found[1] == stored[1] || found[1] == wanted[1]);
}

/* How far the operation gets: flash-model.ts, Tear. After a cut there are no more. */
mtype = { none, done, before, half, after };
mtype how;
inline operate() {
  if
  :: isCut -> how = none
  :: !isCut -> how = done
  :: !isCut && cuts -> how = before
  :: !isCut && cuts -> how = half
  :: !isCut && cuts -> how = after
  fi;
  if
  :: how == none -> skip
  :: how == done -> printf("OP %e\n", how)
  :: else -> cuts--; isCut = 1; printf("OP %e\n", how)
  fi
}
#define isWhole (how == done || how == after)

inline writeCell(at, value) {
  operate();
  if
  :: isWhole -> cells[at] = value
  :: how == half -> cells[at] = TORN
  :: else -> skip
  fi
}

inline eraseBank(b) {
  operate();
  if
  :: isWhole || how == half ->
    generation[b] = 0;
    cells[b * PLACES] = (isWhole -> ERASED : TORN);
    cells[b * PLACES + 1] = cells[b * PLACES];
    cells[b * PLACES + 2] = cells[b * PLACES]
  :: else -> skip
  fi
}

inline writeHeader(b, value) {
  operate();
  if
  :: isWhole -> generation[b] = value
  :: else -> skip
  fi
}

/* record-log.ts: compactLog; settings.ts: perform */
inline compact() {
#ifdef SAME_BANK
  target = bank;
#else
  target = 1 - bank;
#endif
  next = generation[bank] + 1;
  eraseBank(target);
#ifdef HEADER_FIRST
  writeHeader(target, next);
#endif
  i = 0;
  if
  :: found[1 - name] != 0 ->
#ifndef DROPS_OTHERS
    writeCell(target * PLACES, record((1 - name), found[1 - name])); i = 1
#else
    skip
#endif
  :: else -> skip
  fi;
  writeCell(target * PLACES + i, record(name, wanted[name]));
#ifndef HEADER_FIRST
  writeHeader(target, next)
#endif
}

/* settings.ts: putValue, write */
inline put() {
  if
  :: place < PLACES && cells[bank * PLACES + place] == ERASED -> writeCell(bank * PLACES + place, record(name, wanted[name]))
  :: else -> compact()
  fi
}

active proctype Unit() {
  load();
  do
  :: puts ->
    atomic {
      puts--;
      if
      :: name = 0
      :: name = 1
      fi;
      wanted[name] = stored[name] % 7 + 1;
      printf("STEP put %d %d\n", name, wanted[name]);
      put();
      load(); check();
      if
      :: isCut -> isCut = 0; printf("STEP start\n"); stored[0] = found[0]; stored[1] = found[1]
      :: else -> assert(found[name] == wanted[name]); stored[name] = found[name]
      fi;
      wanted[0] = stored[0]; wanted[1] = stored[1];
      printf("STATE %d %d\n", found[0], found[1])
    }
  :: puts == 0 -> break
  od
}
