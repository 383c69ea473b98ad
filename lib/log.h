/* log: one line an event on stderr; its severity says who must act.
 *
 *   LOG_ERR      a person must act            LOG_WARNING  somebody should look, work goes on
 *   LOG_NOTICE   what happened (a generation) LOG_INFO     how it went
 *   trace        for debugging, by topic: --trace mdp,wire,idle,sql
 *
 * Under systemd (stderr is what JOURNAL_STREAM names) a line goes to the journal with its fields (journal.h); if that can't be, it starts with "<N>", so
 * that the journal knows the severity; elsewhere with
 * the time (UTC, RFC 3339), the program and the severity's name. Control characters are escaped, so a hostile
 * name can't forge a line. Severities are those of syslog.h (RFC 5424 section 6.2.1).
 *
 * threads: all functions may be called from any thread, a line is written by one write(2); log_open first. */
#ifndef AOB_LOG_H
#define AOB_LOG_H

#include <stdbool.h>
#include <syslog.h>

#include "lib/error.h"

/* log_open: name the program; borrowed for ever (a literal). trace: a comma-separated list of topics, "all", or NULL. */
void log_open(const char *program, const char *trace);

/* log_context: the fields that every later line of this thread carries, for example
 * "pipeline=photos run=20261123T053600Z-1f2e3d4c step=transfer"; copied, at most 255 bytes. NULL: none. */
void log_context(const char *fields);

void log_line(int severity, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* log_error: as log_line, with ": <text of err>" behind. */
void log_error(int severity, const struct error *err, const char *format, ...) __attribute__((format(printf, 3, 4)));

bool log_traces(const char *topic);
void log_trace(const char *topic, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* log_escape: copy in to out with C0, C1 control characters, DEL and bytes that are no UTF-8 as \xHH, and cut to
 * size - 1 bytes. Returns out. For names on a terminal, in logs and in messages. */
const char *log_escape(const char *in, char *out, unsigned long size);

#endif
