/* Which line, bus or output of this machine each name of board.json is: the file of --pins. */
#pragma once
#include <stdbool.h>

#define ASSIGN_WORD 64 /* letters of a device's name, the zero included */

struct assignment {
  char name[ASSIGN_WORD], device[ASSIGN_WORD];
  unsigned line; /* of a gpiochip or a pwmchip */
  bool active_low, pull_up, pull_down, open_drain;
};

/* What the file says of a name, NULL where it says nothing. The file is read once; what is wrong in it ends the program, with its line. */
const struct assignment *assignment_of(const char *name);

/* The same for a resource of board.json, which the file calls by its first pin: a bus sda or mosi, an output of PWM by its only one. */
const struct assignment *assignment_of_resource(int kind, unsigned number);
