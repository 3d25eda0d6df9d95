/*
 * The rollout engine, its store and the units that it serves. README.md says what each part follows in src/cloud.
 * Each atomic step is one turn of the cloud's event loop, or one thing that a unit, the operator, the clock or the
 * power does. Steps print what they do, so that a test can repeat them with the code (STEP) and compare (SENT, STATE).
 */

#ifdef PROGRESS
/* Units 0 and 1 are lab devices, unit 2 belongs to the last wave; unit 0 works. */
#define WAVES 2
#define isMember(u) (u < 2 || wave == 1)
#define isReliable(u) (u == 0)
/* Time goes on for as long as that changes anything. */
#define SILENCE_RATE 6
#define mayPass (!soaked || !silent[0] || !silent[1] || !silent[2])
#define PASSED 0
#else
/* Unit 0 is a lab device; each further wave takes one unit more. */
#define WAVES 3
#define isMember(u) (u <= wave)
#define isReliable(u) false
#define SILENCE_RATE 4
#define mayPass (passes > 0)
#define PASSED 1
#endif

#define UNITS 3
#ifndef CRASHES
#define CRASHES 1 /* of the cloud */
#endif
#ifndef STOPS
#define STOPS 2 /* the operator's halts, resumes and withdrawals */
#endif
#ifndef DROPS
#define DROPS 1 /* links that break by themselves */
#endif
#ifndef PASSES
#define PASSES 3 /* times that a soak and a silence last */
#endif
#define TRIAL_CRASHES_MOST 1

/* limits: failures 2, failureRate 0.5, silenceRate SILENCE_RATE / 10, sample 1 */
#define LIMIT_FAILURES 2

/* state of a rollout */
#define RUNNING 0
#define HALTED 1
/* state of an attempt: AttemptState in rollout-plan.ts */
#define NONE 0
#define OFFERED 1
#define FETCHING 2
#define TRIAL 3
#define ROLLED_BACK 4
#define CONFIRMED 5
#define REJECTED 6
#define REFUSED 7
#define LEFT 8 /* offered, and let go of because it was taken back */
/* what a device was told: device-messages.ts, `told` */
#define NOTHING 0
#define RELEASE 1
#define UNKNOWN 2
/* what a message of a device still waits for the disk with */
#define TELL 1
#define HELLO_IDLE 2
#define HELLO_TRIAL 3
/* the operator's request that is not answered yet */
#define HALT 1
#define RESUME 2
#define WITHDRAW 3
/* a unit's job, and its verdict where it has none */
#define JOB_NONE 0
#define JOB_WAITING 1
#define JOB_FETCHING 2
#define JOB_VERIFIED 3
#define JOB_TRIAL 4
#define JOB_ROLLED_BACK 5
#define TAKEN_BACK 1
#define VERDICT_REFUSED 2
#define VERDICT_REJECTED 3

/* the cloud's memory: rollouts.ts, fleet.ts, releases.ts */
byte state, wave, forgivenFailed, forgivenSilent;
bit soaked, withdrawn;
byte attempt[UNITS];
bit sequence[UNITS], silent[UNITS];
/* its disk */
byte dState, dWave, dForgivenFailed, dForgivenSilent;
bit dSoaked, dWithdrawn;
byte dAttempt[UNITS];
bit dSequence[UNITS], dSilent[UNITS];
bit dirty;
/* what a crash forgets: device-messages.ts, block-service.ts, the requests under way */
byte told[UNITS] = UNKNOWN, pending[UNITS];
bit wants[UNITS], more[UNITS], writing[UNITS];
byte asked;
bit engineWaits, engineTells;

/* the units */
byte job[UNITS], blocks[UNITS], verdict[UNITS], trialCrashes[UNITS];
bit runs[UNITS], online[UNITS], isHalted[UNITS], hasNews[UNITS], isGone[UNITS];

/* what the environment may still do */
byte crashes = CRASHES, stops = STOPS, drops = DROPS, passes = PASSES, absences = 1, rollbacks = 1;

/* what an observer knows: acknowledged stops, and what the operator has seen when resuming */
bit isStopped, isWithdrawn;
bit seenFailed[UNITS], seenSilent[UNITS], dSeenFailed[UNITS], dSeenSilent[UNITS];
bit isOver; /* scratch */
byte i;

/* rollout-decision.ts: decide */
#ifdef NO_HALT_CHECK
#define may(u) (!withdrawn && attempt[u] != REJECTED && attempt[u] != REFUSED && !sequence[u] && isMember(u))
#elif defined(NO_WITHDRAWN_CHECK)
#define may(u) (state == RUNNING && attempt[u] != REJECTED && attempt[u] != REFUSED && !sequence[u] && isMember(u))
#elif defined(NO_WAVE_CHECK)
#define may(u) (state == RUNNING && !withdrawn && attempt[u] != REJECTED && attempt[u] != REFUSED && !sequence[u])
#else
#define may(u) (state == RUNNING && !withdrawn && attempt[u] != REJECTED && attempt[u] != REFUSED && !sequence[u] && isMember(u))
#endif

/* The safety property: nothing of the release leaves the cloud once its halt or withdrawal was acknowledged, nor before
   its wave is open. Called wherever something leaves. */
inline mustBeLive(u) { assert(!isStopped && !isWithdrawn && isMember(u)) }

/* a unit hears of the release, or of nothing: FleetUnit.heard, ota.ts */
inline unitHears(u, isRelease) {
  if
  :: !online[u] || job[u] == JOB_TRIAL -> skip
  :: else ->
    if
    :: isRelease && job[u] == JOB_NONE && !runs[u] && verdict[u] != VERDICT_REJECTED ->
      verdict[u] = 0; job[u] = JOB_WAITING; isHalted[u] = 0
    :: isRelease && job[u] != JOB_NONE -> isHalted[u] = 0
    :: !isRelease && job[u] == JOB_WAITING -> job[u] = JOB_NONE; verdict[u] = TAKEN_BACK; hasNews[u] = 1
    :: !isRelease && job[u] > JOB_WAITING -> isHalted[u] = 1
    :: else -> skip
    fi
  fi
}

/* fleet.ts: heard */
inline hear(u) {
  silent[u] = 0;
  if
  :: attempt[u] != ROLLED_BACK && job[u] != JOB_ROLLED_BACK -> seenSilent[u] = 0
  :: else -> skip
  fi
}

/* device-messages.ts: tell */
inline tell(u) {
  if
  :: told[u] != may(u) ->
    if
    :: !may(u) && told[u] != UNKNOWN && told[u] <= sequence[u] -> told[u] = NOTHING
    :: else ->
      told[u] = may(u);
      if
      :: told[u] == RELEASE && attempt[u] == NONE -> attempt[u] = OFFERED; hear(u); dirty = 1
      :: else -> skip
      fi;
      if
      :: told[u] == RELEASE -> mustBeLive(u); printf("SENT offer %d\n", u)
      :: else -> printf("SENT nothing %d\n", u)
      fi;
      unitHears(u, told[u])
    fi
  :: else -> skip
  fi
}

/* device-messages.ts: offerAgain */
inline offerAgain() {
  i = 0;
  do
  :: i < UNITS && online[i] && told[i] != UNKNOWN -> tell(i); i++
  :: i < UNITS && !(online[i] && told[i] != UNKNOWN) -> i++
  :: i == UNITS -> break
  od;
  i = 0
}

/* device-messages.ts: the end of `message` for a state, once it is on the disk */
inline answerState(u, how) {
  if
  :: how == HELLO_TRIAL -> told[u] = RELEASE
  :: how == HELLO_IDLE && !may(u) -> told[u] = NOTHING
  :: else -> tell(u)
  fi
}

inline setAttempt(u, to) {
  if
  :: attempt[u] != to -> attempt[u] = to; isOver = 1; seenFailed[u] = 0; seenSilent[u] = seenSilent[u] && to == ROLLED_BACK
  :: else -> skip
  fi
}

/* device-messages.ts: message(state) with takeDown; fleet.ts: runs and report */
inline sayState(u) {
  d_step {
    hasNews[u] = 0;
    hear(u);
    isOver = 0;
    pending[u] = TELL;
    if
    :: told[u] == UNKNOWN && job[u] == JOB_TRIAL -> pending[u] = HELLO_TRIAL
    :: told[u] == UNKNOWN && job[u] == JOB_NONE && verdict[u] == 0 -> pending[u] = HELLO_IDLE
    :: else -> skip
    fi;
    if
    :: runs[u] && attempt[u] != NONE -> setAttempt(u, CONFIRMED)
    :: else -> skip
    fi;
    if
    :: sequence[u] != runs[u] ->
      sequence[u] = runs[u]; isOver = 1
    :: else -> skip
    fi;
    if
    :: runs[u] -> skip
    :: !runs[u] && job[u] == JOB_WAITING -> setAttempt(u, OFFERED)
    :: !runs[u] && (job[u] == JOB_FETCHING || job[u] == JOB_VERIFIED) -> setAttempt(u, FETCHING)
    :: !runs[u] && job[u] == JOB_TRIAL -> setAttempt(u, TRIAL)
    :: !runs[u] && job[u] == JOB_ROLLED_BACK -> setAttempt(u, ROLLED_BACK)
    :: !runs[u] && job[u] == JOB_NONE && verdict[u] == TAKEN_BACK -> setAttempt(u, LEFT)
    :: !runs[u] && job[u] == JOB_NONE && verdict[u] == VERDICT_REFUSED -> setAttempt(u, REFUSED)
    :: !runs[u] && job[u] == JOB_NONE && verdict[u] == VERDICT_REJECTED -> setAttempt(u, REJECTED)
    :: else -> skip
    fi;
    if
    :: isOver -> dirty = 1
    :: else -> skip
    fi;
  }
  if
  :: isOver -> isOver = 0; writing[u] = 1
  :: else -> answerState(u, pending[u]); pending[u] = 0
  fi
}

/* device-messages.ts: transferFor, asked before each block */
inline serveBlock(u) {
  if
  :: told[u] == UNKNOWN -> told[u] = may(u)
  :: else -> skip
  fi;
  if
#ifdef NO_BLOCK_CHECK
  :: blocks[u] > 0 || (told[u] == RELEASE && state == RUNNING && !withdrawn) ->
#else
  :: told[u] == RELEASE && state == RUNNING && !withdrawn ->
#endif
    mustBeLive(u);
    printf("SENT block %d\n", u);
    more[u] = 0;
    if
    :: online[u] && job[u] == JOB_FETCHING && blocks[u] < 2 ->
      blocks[u]++;
      if
      :: blocks[u] == 2 ->
        /* What is on the disk is what a cloud that died here begins with. */
        assert(dAttempt[u] != NONE && dAttempt[u] != OFFERED && dAttempt[u] != LEFT);
        job[u] = JOB_VERIFIED
      :: else -> more[u] = 1
      fi
    :: else -> skip
    fi
  :: else ->
    more[u] = 0; isHalted[u] = 1; printf("SENT refusal %d\n", u)
  fi
}

/* rollouts.ts: tally; rollout-plan.ts: what judge counts */
#define sum(of) (of(0) + of(1) + of(2))
#define isFailed(u) (attempt[u] == REJECTED || attempt[u] == REFUSED)
#define isConfirmed(u) (attempt[u] == CONFIRMED)
#define isAtIt(u) (attempt[u] == FETCHING || attempt[u] == TRIAL)
#define isRolledBack(u) (attempt[u] == ROLLED_BACK)
#define isBegun(u) (isAtIt(u) || isRolledBack(u))
#define isQuiet(u) ((isAtIt(u) && silent[u]) || isRolledBack(u))
#ifdef WAITS_FOR_ROLLED_BACK
#define isBusy(u) ((isAtIt(u) && !silent[u]) || isRolledBack(u))
#else
#define isBusy(u) (isBegun(u) && !silent[u])
#endif
#define isCounted(u) (isMember(u) || attempt[u] != NONE)
#define less(a, b) (a > b -> a - b : 0)
#define failed less(sum(isFailed), forgivenFailed)
#define quiet less(sum(isQuiet), forgivenSilent)
#define finished (failed + sum(isConfirmed))
#define begun (finished + sum(isBegun))
#ifdef NO_LIMITS
#define mustHalt false
#else
#define mustHalt \
  (failed >= LIMIT_FAILURES || (finished >= 1 && 2 * failed > finished) || (begun >= 1 && 10 * quiet > SILENCE_RATE * begun))
#endif
#define mayOpen \
  (wave + 1 < WAVES && (sum(isCounted) == 0 || (sum(isConfirmed) > 0 && sum(isBusy) == 0 && soaked)))
#ifdef FORGIVES_FOR_EVER
#define hasRecovered false
#else
#define hasRecovered (forgivenFailed > sum(isFailed) || forgivenSilent > sum(isQuiet))
#endif
#define hasWork (engineTells || (state == RUNNING && (hasRecovered || mustHalt || mayOpen)))

/* what came after the operator last looked */
#define isNewFailure(u) (isFailed(u) && !seenFailed[u])
#define isNewSilence(u) (isQuiet(u) && !seenSilent[u])

/* rollouts.ts: tick; rollout-plan.ts: judge */
inline judge() {
  d_step {
    engineWaits = 0;
    if
    :: state == RUNNING ->
      if
      :: hasRecovered ->
        if
        :: forgivenFailed > sum(isFailed) -> forgivenFailed = sum(isFailed)
        :: else -> skip
        fi;
        if
        :: forgivenSilent > sum(isQuiet) -> forgivenSilent = sum(isQuiet)
        :: else -> skip
        fi;
        dirty = 1
      :: else -> skip
      fi;
      if
      :: mustHalt -> state = HALTED; dirty = 1; engineWaits = 1
      :: !mustHalt && mayOpen ->
        /* The limits hold for what came after the last resume. */
        assert(sum(isNewFailure) < LIMIT_FAILURES && 10 * sum(isNewSilence) <= SILENCE_RATE * begun);
        wave++; soaked = 0; dirty = 1; engineWaits = 1
      :: else -> skip
      fi
    :: else -> skip
    fi
  }
  if
  :: engineWaits -> engineTells = 1
  :: !engineWaits && engineTells -> engineTells = 0; offerAgain()
  :: else -> skip
  fi
}

inline resumeNow() {
  forgivenFailed = sum(isFailed); forgivenSilent = sum(isQuiet);
  seenFailed[0] = isFailed(0); seenFailed[1] = isFailed(1); seenFailed[2] = isFailed(2);
  seenSilent[0] = isQuiet(0); seenSilent[1] = isQuiet(1); seenSilent[2] = isQuiet(2);
  state = RUNNING; soaked = 0; isStopped = 0
}

inline save() {
  d_step {
    dState = state; dWave = wave; dSoaked = soaked; dWithdrawn = withdrawn;
    dForgivenFailed = forgivenFailed; dForgivenSilent = forgivenSilent;
    do
    :: i < UNITS -> dAttempt[i] = attempt[i]; dSequence[i] = sequence[i]; dSilent[i] = silent[i]; 
      dSeenFailed[i] = seenFailed[i]; dSeenSilent[i] = seenSilent[i]; writing[i] = 0; i++
    :: i == UNITS -> break
    od;
    i = 0; dirty = 0
  }
}

inline load() {
  d_step {
    state = dState; wave = dWave; soaked = dSoaked; withdrawn = dWithdrawn;
    forgivenFailed = dForgivenFailed; forgivenSilent = dForgivenSilent;
    do
    :: i < UNITS ->
      attempt[i] = dAttempt[i]; sequence[i] = dSequence[i]; silent[i] = dSilent[i];
      told[i] = UNKNOWN; pending[i] = 0; wants[i] = 0; more[i] = 0; writing[i] = 0; online[i] = 0;
      isHalted[i] = 0; seenFailed[i] = dSeenFailed[i]; seenSilent[i] = dSeenSilent[i];
      i++
    :: i == UNITS -> break
    od;
    i = 0; dirty = 0; asked = 0; engineWaits = 0; engineTells = 0
  }
}

inline acknowledge() {
  if
  :: asked == HALT -> isStopped = 1
  :: asked == WITHDRAW -> isWithdrawn = 1
  :: else -> skip
  fi
}

/* For a run to the end, through all that may befall it: the checker is asked for a way there. */
#define sequence_(u) sequence[u]
inline tellState() {
#ifdef GOAL
  assert(!(wave == WAVES - 1 && sum(sequence_) == UNITS && stops == 0 && crashes == 0));
#endif
  printf("STATE %d %d %d %d %d | %d %d %d | %d %d %d\n", state, wave, withdrawn, forgivenFailed, forgivenSilent,
         attempt[0], attempt[1], attempt[2], sequence[0], sequence[1], sequence[2])
}

/* write-queue.ts: one transaction with all that was queued; then whoever waited for it goes on */
byte k;
active proctype Disk() {
end:
  do
  :: atomic {
      dirty || asked || engineWaits ->
      printf("STEP disk\n");
      save();
      if
      :: asked -> acknowledge(); asked = 0; offerAgain()
      :: else -> skip
      fi;
      k = 0;
      do
      :: k < UNITS ->
        if
        :: pending[k] -> answerState(k, pending[k]); pending[k] = 0
        :: else -> skip
        fi;
        if
        :: wants[k] -> wants[k] = 0; serveBlock(k)
        :: else -> skip
        fi;
        k++
      :: k == UNITS -> break
      od;
      k = 0;
      if
      :: engineWaits -> judge()
      :: else -> skip
      fi;
      tellState()
    }
  od
}

/* cloud-timers.ts: judgeRollouts */
active proctype Engine() {
end:
  do
  :: atomic { hasWork && !engineWaits && !asked -> printf("STEP tick\n"); judge(); tellState() }
  od
}

/* routes-rollout.ts and routes-operator.ts: the request is answered when the disk has it */
active proctype Operator() {
end:
  do
  :: atomic {
      stops && !asked && !engineWaits && state == RUNNING && !withdrawn ->
      stops--; printf("STEP halt\n"); state = HALTED; dirty = 1; asked = HALT;
#ifdef ANSWERS_FIRST
      acknowledge(); asked = 0;
#endif
      tellState()
    }
  :: atomic {
      stops && !asked && !engineWaits && state == HALTED && !withdrawn ->
      stops--; printf("STEP resume\n"); d_step { resumeNow() }; dirty = 1; asked = RESUME; tellState()
    }
  :: atomic {
      stops && !asked && !engineWaits && !withdrawn ->
      stops--; printf("STEP withdraw\n"); withdrawn = 1; dirty = 1; asked = WITHDRAW; tellState()
    }
  od
}

/* An hour: a soak ends, and whoever was not heard since the last one is silent. The engine looked a second before. */
active proctype Clock() {
end:
  do
  :: atomic {
      mayPass && !dirty && !asked && !engineWaits && state == RUNNING ->
      if
      :: hasWork -> printf("STEP tick\n"); judge(); tellState()
      :: else -> skip
      fi;
      if
      :: dirty || engineWaits -> skip
      :: else ->
        passes = passes - PASSED; printf("STEP pass\n"); soaked = 1;
        silent[0] = 1; silent[1] = 1; silent[2] = 1; tellState()
      fi
    }
  od
}

/* The process dies with what was not on the disk, and starts again. */
active proctype Power() {
end:
  do
  :: atomic { crashes -> crashes--; printf("STEP crash\n"); load(); tellState() }
  od
}

inline lose(u) {
  online[u] = 0; told[u] = UNKNOWN; more[u] = 0; hear(u)
}

/* The engine, which looks every second, looks between two pieces of bad news. */
#define isBadNews(u) (job[u] == JOB_ROLLED_BACK || (job[u] == JOB_NONE && !runs[u] && verdict[u] > TAKEN_BACK))

proctype Unit(byte u) {
end:
  do
  :: atomic {
      !online[u] && !isGone[u] && !pending[u] && !wants[u] && !engineWaits ->
      if
      :: isBadNews(u) && hasWork -> printf("STEP tick\n"); judge(); tellState()
      :: else -> skip
      fi;
      if
      :: engineWaits -> skip
      :: else ->
        online[u] = 1; told[u] = UNKNOWN; isHalted[u] = 0;
        printf("STEP hello %d %d %d\n", u, job[u], (runs[u] -> 9 : verdict[u]));
        sayState(u); tellState()
      fi
    }
  :: atomic { online[u] && drops && !more[u] -> drops--; printf("STEP drop %d\n", u); lose(u); tellState() }
  :: atomic {
      online[u] && hasNews[u] && !pending[u] && !engineWaits ->
      if
      :: isBadNews(u) && hasWork -> printf("STEP tick\n"); judge(); tellState()
      :: else -> skip
      fi;
      if
      :: engineWaits -> skip
      :: else ->
        printf("STEP say %d %d %d\n", u, job[u], (runs[u] -> 9 : verdict[u])); sayState(u); tellState()
      fi
    }
    /* It refuses what is not for its hardware, say. */
  :: atomic {
      online[u] && job[u] == JOB_WAITING && !hasNews[u] && !pending[u] && !isReliable(u) && absences ->
      absences--; job[u] = JOB_NONE; verdict[u] = VERDICT_REFUSED; hasNews[u] = 1
    }
    /* It asks whether the release is current (device-messages.ts: message(ask)), before it begins, before the trial and in it. */
  :: atomic {
      online[u] && job[u] != JOB_NONE && !hasNews[u] && !pending[u] && !wants[u] && !more[u] && !isHalted[u] &&
      !(job[u] == JOB_FETCHING && blocks[u] < 2) ->
      printf("STEP ask %d\n", u);
      hear(u);
      if
      :: told[u] != may(u) -> tell(u)
      :: else -> skip
      fi;
      if
      :: may(u) -> mustBeLive(u); printf("SENT current %d\n", u)
      :: else -> printf("SENT other %d\n", u)
      fi;
      if
      :: job[u] == JOB_TRIAL -> job[u] = JOB_NONE; runs[u] = 1; verdict[u] = 0; hasNews[u] = 1
      :: job[u] == JOB_WAITING && may(u) -> job[u] = JOB_FETCHING; blocks[u] = 0
      :: job[u] == JOB_WAITING && !may(u) -> job[u] = JOB_NONE; verdict[u] = TAKEN_BACK; hasNews[u] = 1
      :: (job[u] == JOB_VERIFIED || job[u] == JOB_ROLLED_BACK) && may(u) ->
        /* It restarts into the trial. The link is lost with it. */
        lose(u);
        printf("STEP drop %d\n", u);
        if
        :: job[u] = JOB_TRIAL
        :: !isReliable(u) && absences -> absences--; job[u] = JOB_TRIAL; isGone[u] = 1
        :: !isReliable(u) && rollbacks -> rollbacks--; job[u] = JOB_ROLLED_BACK
        :: !isReliable(u) ->
          /* A crash: tried again, and rejected at the last one; one stands for three here. */
          job[u] = JOB_NONE; verdict[u] = VERDICT_REJECTED
        fi
      :: else -> isHalted[u] = 1
      fi;
      tellState()
    }
    /* device-messages.ts: message(want): its first request is taken down, and waits for the disk */
  :: atomic {
      online[u] && job[u] == JOB_FETCHING && blocks[u] < 2 && !hasNews[u] && !pending[u] && !wants[u] && !more[u] && !isHalted[u] ->
      printf("STEP want %d %d\n", u, blocks[u]);
      hear(u);
      if
      :: told[u] == UNKNOWN -> told[u] = may(u)
      :: else -> skip
      fi;
      if
      :: told[u] == RELEASE && state == RUNNING && !withdrawn &&
         (attempt[u] == NONE || attempt[u] == OFFERED || attempt[u] == LEFT || attempt[u] == ROLLED_BACK || attempt[u] == REFUSED) ->
        attempt[u] = FETCHING; seenFailed[u] = 0; seenSilent[u] = 0; dirty = 1; writing[u] = 1
      :: else -> skip
      fi;
      if
#ifndef SERVES_FIRST
      :: writing[u] -> wants[u] = 1
#endif
      :: else -> serveBlock(u)
      fi;
      tellState()
    }
    /* block-service.ts: there is room for the next block of the request */
  :: atomic { more[u] -> printf("STEP room %d\n", u); serveBlock(u); tellState() }
    /* An owner pulls the plug for good. */
  :: atomic {
      absences && !isReliable(u) && !isGone[u] && job[u] != JOB_NONE && !more[u] ->
      absences--; isGone[u] = 1;
      if
      :: online[u] -> printf("STEP drop %d\n", u); lose(u); tellState()
      :: else -> skip
      fi
    }
  od
}

init {
  atomic { run Unit(0); run Unit(1); run Unit(2) }
}

#ifdef PROGRESS
/* Once the environment leaves it alone, a rollout that stays running reaches its last wave. */
ltl progress { <>[] (state != RUNNING || withdrawn || wave == WAVES - 1) }
#endif
