/*
 * The update journal, the boot stage and the update machine of one unit with one component, while the power may fail
 * between any two operations of the flash. README.md says what it follows. That a record is in the journal or not,
 * and never half, is what settings.pml shows of the log.
 */
#ifndef CUTS
#define CUTS 3
#endif
#ifndef RELEASES
#define RELEASES 2
#endif
#define SECTORS 2
#define CRASHES_MAX 3

/* phase: journal.h */
#define NO_JOB 0
#define FETCHING 1
#define READY 2
#define ARMED 3
#define RUNNING 4
/* how a trial ended */
#define NONE 0
#define SILENCE 1
#define CRASH 2
/* why the unit starts */
#define POWER 0
#define REQUESTED 1
#define FAULT 2
/* an image in a slot: garbage, or the one that belongs to a number */
#define GARBAGE 0
/* what a release does once it runs */
#define WORKS 1
#define CRASHES 2
#define UNHEARD 3

/* in flash */
byte image[2], sectors, confirmed, phase, jobSlot, crashes, misses, lastEnd;
byte image_[2]; /* number of the release that the slot's head names */
/* in memory */
bit isOn, isTrial;
byte reason = POWER, running;
/* the world */
byte cuts = CUTS, releases = RELEASES, fate, release = 1, unheards = 1;
byte starts; /* of this trial */
bit isRejected;

/* journal.ts: applied; journal.c: journal_apply */
#define valid(slot) (image[slot] != GARBAGE && image_[slot] == image[slot])

inline log(kind) { printf("RECORD %e\n", kind) }

mtype = { begin, sectorDone, verified, trial, started, endedPower, endedCrash, endedSilence, endedImage, confirmedNow, rejected };

inline lose() { isOn = 0; isTrial = 0 }

/* decide.c: decide, settle; boot-decision.ts */
inline tell() { printf("STATE %d %d %d %d %d\n", phase, confirmed, crashes, misses, lastEnd) }

inline boot() {
  isTrial = 0;
  printf("START %d %d %d\n", reason, valid(0), valid(1));
  if
  :: phase == RUNNING ->
#ifdef TRIES_AGAIN
    running = jobSlot; isTrial = 1; starts++
#else
    running = confirmed;
    if
    :: reason == FAULT -> crashes++; lastEnd = CRASH; log(endedCrash)
    :: else -> misses = misses + 1; lastEnd = SILENCE; log(endedPower)
    fi;
    phase = READY
#endif
  :: phase == ARMED && valid(jobSlot) -> running = jobSlot; isTrial = 1; phase = RUNNING; starts++; log(started)
  :: phase == ARMED && !valid(jobSlot) -> running = confirmed; crashes++; lastEnd = CRASH; phase = READY; log(endedImage)
  :: else -> running = confirmed
  fi;
  printf("BOOT %d %d\n", running, isTrial); tell();
  /* No brick: what starts verifies. One start per trial. What was never checked never starts. */
  assert(valid(running));
  assert(starts <= 1);
  isOn = 1
}

active proctype Power() {
end:
  do
  :: atomic { isOn && cuts -> cuts--; reason = POWER; lose() }
  od
}

active proctype Unit() {
  atomic {
    image[0] = 1; image_[0] = 1; confirmed = 0;
    skip
  };
end:
  do
  :: atomic { !isOn -> boot() }
  /* install.ts: begin. The next release comes; what it does is its own. */
  :: atomic {
      isOn && phase == NO_JOB && releases ->
      releases--; release++; isRejected = 0;
      if
      :: fate = WORKS
      :: fate = CRASHES
      :: unheards -> unheards--; fate = UNHEARD
      fi;
#ifdef OWN_SLOT
      jobSlot = confirmed;
#else
      jobSlot = 1 - confirmed;
#endif
      phase = FETCHING; sectors = 0; crashes = 0; misses = 0; lastEnd = NONE; log(begin); tell()
    }
  /* writer.ts: the first page of a sector erases it */
  :: atomic { isOn && phase == FETCHING && sectors < SECTORS && image[jobSlot] != GARBAGE && image[jobSlot] != release -> image[jobSlot] = GARBAGE }
  :: atomic {
      isOn && phase == FETCHING && sectors < SECTORS && (image[jobSlot] == GARBAGE || image[jobSlot] == release) ->
      sectors++;
      if
      :: sectors == SECTORS -> image[jobSlot] = release
      :: else -> skip
      fi;
      log(sectorDone); tell()
    }
  /* install.ts: finish. The head is erased and written, then VERIFIED recorded. */
  :: atomic { isOn && phase == FETCHING && sectors == SECTORS && image_[jobSlot] != release && image_[jobSlot] != 0 -> image_[jobSlot] = 0 }
#ifdef NO_WHOLE_CHECK
  :: atomic { isOn && phase == FETCHING && image_[jobSlot] != release -> image_[jobSlot] = release; sectors = SECTORS }
#else
  :: atomic { isOn && phase == FETCHING && sectors == SECTORS && image_[jobSlot] == 0 -> image_[jobSlot] = release }
#endif
  :: atomic { isOn && phase == FETCHING && sectors == SECTORS && image_[jobSlot] == release -> phase = READY; log(verified); tell() }
  /* ota.ts: onStart, next; install.ts: arm */
  :: atomic {
      isOn && phase == READY && crashes < CRASHES_MAX ->
      phase = ARMED; starts = 0; log(trial); tell(); reason = REQUESTED; lose()
    }
  :: atomic { isOn && phase == ARMED && !isTrial -> misses = misses + 1; starts = 0; log(trial); tell(); reason = REQUESTED; lose() }
#ifndef NEVER_REJECTS
  :: atomic { isOn && phase == READY && crashes >= CRASHES_MAX -> phase = NO_JOB; isRejected = 1; assert(fate != WORKS); log(rejected); tell() }
#else
  :: atomic { isOn && phase == READY && crashes >= CRASHES_MAX -> phase = ARMED; starts = 0; crashes = 0; log(trial); tell(); reason = REQUESTED; lose() }
#endif
  /* the trial */
  :: atomic {
      isOn && isTrial && phase == RUNNING ->
      if
      :: fate == WORKS -> confirmed = jobSlot; phase = NO_JOB; isTrial = 0; log(confirmedNow); tell()
      :: fate == CRASHES -> reason = FAULT; lose()
      :: fate == UNHEARD ->
        /* ota.ts: endTrial. The next trial is heard. */
        misses = misses + 1; lastEnd = SILENCE; phase = READY; fate = WORKS; log(endedSilence); tell(); reason = REQUESTED; lose()
      fi
    }
  od
}

/* Each release ends once the power stays: confirmed where it works, rejected where it crashes. */
ltl ends { <>[] (releases == 0 && phase == NO_JOB && (fate == WORKS || isRejected)) }
