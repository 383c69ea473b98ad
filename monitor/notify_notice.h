/* notify_notice: one thing that a person is to be told, in words, and as JSON for programs and for the file that keeps it. Pure but for the host's name.
 *
 * threads: none shared. */
#ifndef AOB_MONITOR_NOTIFY_NOTICE_H
#define AOB_MONITOR_NOTIFY_NOTICE_H

#include <jansson.h>
#include <stdint.h>

#include "lib/config.h"

#define NOTIFY_NOTICE_ID 160
#define NOTIFY_NOTICE_TITLE 128
#define NOTIFY_NOTICE_TEXT 1200
#define NOTIFY_NOTICE_DATA 4096
#define NOTIFY_NOTICE_ALL "-" /* of no pipeline, so of all */

struct notify_notice {
	char id[NOTIFY_NOTICE_ID]; /* no other notice has it; printable ASCII without spaces */
	enum config_notice kind;
	char pipeline[CONFIG_NAME_MAX + 1]; /* or NOTIFY_NOTICE_ALL */
	char title[NOTIFY_NOTICE_TITLE];    /* one line of ASCII: "photos: overdue" */
	char text[NOTIFY_NOTICE_TEXT];      /* UTF-8 without control characters but newlines */
	char data[NOTIFY_NOTICE_DATA];      /* of the event, a JSON object; "{}" if it would not fit */
	int64_t at_s;                       /* of the event, wall clock */
	bool still;                         /* other things are wrong all the same */
};

/* notify_notice_fill: title, text and data, from the event's data. The rest is the caller's. */
void notify_notice_fill(struct notify_notice *notice, const json_t *data);

/* notify_notice_json, _read: for the file. _json: a new reference, NULL: out of memory. _read: returns false for what is none. */
json_t *notify_notice_json(const struct notify_notice *notice);
bool notify_notice_read(const json_t *json, struct notify_notice *notice);

/* notify_notice_event: as a CloudEvents 1.0 object of the type aob.notice.<kind>, for programs. Free it; NULL: out of memory. */
char *notify_notice_event(const struct notify_notice *notice);

/* notify_notice_urgency: 1 (every run does it) to 5 (the copy itself is damaged). */
int notify_notice_urgency(const struct notify_notice *notice);

/* notify_notice_time: RFC 3339, UTC: "2026-11-23T05:41:07Z"; _time_of: the seconds of one, fractions dropped; 0: it is none. */
const char *notify_notice_time(int64_t at_s, char out[static 32]);
int64_t notify_notice_time_of(const char *text);

#endif
