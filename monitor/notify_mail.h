/* notify_mail: a notice as a message of RFC 5322, handed to the machine's sendmail(1). */
#ifndef AOB_MONITOR_NOTIFY_MAIL_H
#define AOB_MONITOR_NOTIFY_MAIL_H

#include "lib/config.h"
#include "monitor/notify_notice.h"

/* notify_mail_text: the whole message, lines ended by LF as sendmail wants them. now_s: for Date. Free it; NULL: out of memory.
 * source: RFC 5322, RFC 3834 (Auto-Submitted), RFC 2045 (8bit) */
char *notify_mail_text(const struct config_notify *config, const struct notify_notice *notice, int64_t now_s);

#endif
