#include "receiver/braking.h"

#include <stdio.h>
#include <unistd.h>

#include "lib/brake_percent.h"
#include "lib/log.h"
#include "receiver/brake_mark.h"
#include "lib/crash_point.h"
#include "receiver/mass_change.h"

/* By the tally. false: that does not tell, or tells too much to be believed without a look. */
static bool tallied(const struct incoming *in, struct brake_question *q)
{
	const struct tally *t = &in->tally;

	if (t->unsure || in->base_record.own_files < 0)
		return false;
	q->files = (uint64_t)in->base_record.own_files;
	q->bytes = (uint64_t)in->base_record.own_bytes;
	q->lost_files = t->lost_files;
	q->lost_bytes = t->lost_bytes;
	return !brake_trips(q);
}

/* By a look at both trees. */
static int measured(struct incoming *in, struct ticker *ticker, struct brake_question *q, struct error *err)
{
	struct mass_change change;
	int base_fd = -1;
	int rc;

	ticker_begin(ticker, "comparing with the last generation", 0);
	if (incoming_base(in, &base_fd, err) != 0)
		return -1;
	rc = mass_change_measure(base_fd, in->tree_fd, ticker, &change, err);
	(void)close(base_fd);
	if (rc != 0)
		return -1;
	in->record.own_files = (int64_t)change.files;
	in->record.own_bytes = (int64_t)change.bytes;
	q->files = change.base_files;
	q->bytes = change.base_bytes;
	q->lost_files = change.lost_files;
	q->lost_bytes = change.lost_bytes;
	return 0;
}

static void count_own(struct incoming *in)
{
	bool known = !in->tally.unsure && (in->base[0] == '\0' || in->base_record.own_files >= 0);

	in->record.own_files = known ? in->base_record.own_files + in->tally.files : -1;
	in->record.own_bytes = known ? in->base_record.own_bytes + in->tally.bytes : -1;
}

int braking_look(struct incoming *in, struct ticker *ticker, struct error *err)
{
	struct brake_question q = { .percent = brake_percent_stricter(in->vault->options->brake_percent,
		                                                      in->brake_percent) };
	struct error fault = { .class = ERR_NONE };
	char reason[BRAKE_REASON_SIZE] = "";

	count_own(in);
	if (in->base[0] == '\0' || q.percent == BRAKE_PERCENT_OFF || tallied(in, &q))
		return 0;
	if (measured(in, ticker, &q, &fault) != 0) {
		if (fault.class == ERR_LINK) {
			*err = fault;
			return -1;
		}
		(void)snprintf(reason, sizeof(reason), "it can't be compared with the last one: %.400s", fault.text);
	} else if (!brake_trips(&q)) {
		return 0;
	} else {
		(void)brake_says(&q, reason);
	}
	log_line(LOG_WARNING, "the brake holds the generations before %s: %s", in->record.name, reason);
	if (brake_mark_add(in->vault, &in->record, in->base, &q, reason, err) != 0)
		return -1;
	crash_point("braked");
	return 0;
}
