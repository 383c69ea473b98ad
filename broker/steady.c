#include "broker/steady.h"

#include <string.h>

static int64_t within(int64_t value, int64_t most)
{
	return value < 0 ? 0 : value < most ? value : most;
}

struct steady steady_resume(const struct steady_mark *kept, const char *boot_id, int64_t boot_s, int64_t wall_s)
{
	struct steady steady = { .base = { .boot_s = boot_s, .wall_s = wall_s, .steady_s = kept->steady_s } };

	(void)strncpy(steady.base.boot_id, boot_id, sizeof(steady.base.boot_id) - 1);
	if (kept->boot_id[0] == '\0')
		return steady;
	if (strcmp(kept->boot_id, steady.base.boot_id) == 0 && boot_s >= kept->boot_s) {
		steady.base.steady_s += boot_s - kept->boot_s;
		return steady;
	}
	steady.base.steady_s += within(wall_s - kept->wall_s, STEADY_OFF_MOST_S);
	if (wall_s < kept->wall_s)
		steady.unset_until_s = kept->wall_s;
	return steady;
}

int64_t steady_now(struct steady *steady, int64_t boot_s, int64_t wall_s)
{
	int64_t up_s = within(boot_s - steady->base.boot_s, STEADY_OFF_MOST_S);

	if (steady->unset_until_s != 0 && wall_s > steady->unset_until_s) {
		/* Set at last: since then so much has passed, of which this boot's part was counted. */
		steady->base.steady_s += within(wall_s - steady->unset_until_s - up_s, STEADY_OFF_MOST_S);
		steady->unset_until_s = 0;
	}
	return steady->base.steady_s + up_s;
}

struct steady_mark steady_keep(struct steady *steady, int64_t boot_s, int64_t wall_s)
{
	struct steady_mark mark = steady->base;

	mark.steady_s = steady_now(steady, boot_s, wall_s);
	mark.boot_s = boot_s;
	/* A clock that was never set would make the next boot believe one that is wrong, too. */
	mark.wall_s = steady->unset_until_s != 0 ? steady->unset_until_s : wall_s;
	return mark;
}
