#pragma once
/* Ends every connection at once; each is reported closed. */
void tcp_abort_all(void);
