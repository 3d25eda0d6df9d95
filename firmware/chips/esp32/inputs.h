/* The inputs of board.json. */
#pragma once

/* Opens them, pulled up: at the start, and after a sleep that the chip refused, which has disconnected its pins. */
void inputs_open(void);
