/* SPDX-License-Identifier: 0BSD */
/* The system log: one line a moment of a VM's life, never waited for. */
#ifndef JOURNAL_H
#define JOURNAL_H

/* Sends "VM: words" to /dev/log (daemon.notice). Where nobody listens, or the reader is slow, the line is lost. */
void journal(const char *vm, const char *words);

#endif
