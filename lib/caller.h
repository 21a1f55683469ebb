/* SPDX-License-Identifier: 0BSD */
/* Who has the turn at a TCP port. */
#ifndef CALLER_H
#define CALLER_H

#include "buf.h"

#include <stdint.h>

/* Asks the keeper of the VM that has this port, and appends "PID's PROGRAM (uid N)". Nothing where we may not ask it, it
 * does not answer in a moment, or nobody is in. */
void caller_at(uint16_t port, struct buf *out);

#endif
