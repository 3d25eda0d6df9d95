/* What the processes of a unit may not do (ADR 0164). */
#pragma once

/* Boot stage and runtime: no capability, and no process of the same user may look into them. */
void confine_unit(void);
/* The radio process, which reads what strangers send: it opens, changes and starts nothing. Ends the process when the kernel refuses. */
void confine_radio(void);
