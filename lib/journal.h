/* journal: log lines with fields for systemd's journal, by its native protocol: `journalctl AOB_PIPELINE=photos` finds them then.
 *
 * threads: journal_open first; journal_send from any. source: systemd.io/JOURNAL_NATIVE_PROTOCOL, systemd.exec(5) $JOURNAL_STREAM */
#ifndef AOB_JOURNAL_H
#define AOB_JOURNAL_H

#include <stdbool.h>

#define JOURNAL_SOCKET "/run/systemd/journal/socket"

/* journal_stream: is this descriptor connected to the journal, as $JOURNAL_STREAM ("device:inode") says? What was redirected since is not. */
bool journal_stream(const char *text, int fd);

/* journal_open: identifier: borrowed for ever. Returns false if there is no such socket. */
bool journal_open(const char *path, const char *identifier);
void journal_close(void);

/* journal_send: context: "pipeline=photos run=… step=transfer", which become AOB_PIPELINE=, AOB_RUN=, AOB_STEP=; "": none.
 * Returns false if it could not be sent: then the line has to go to stderr. */
bool journal_send(int severity, const char *context, const char *message);

#endif
