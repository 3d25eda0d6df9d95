/* Resolves host names in a process of its own, so that a slow name server holds nothing up. */
#pragma once
#include <netinet/in.h>
#include <stdbool.h>

/* Begins to look a host up; gives the file on which its answer comes, or -1. */
int resolve_begin(const char *host);
/* False while there is no answer yet. The address is 0 where the host has none. Closes the file. */
bool resolve_end(int fd, in_addr_t *address);
