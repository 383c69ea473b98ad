#include "broker/overdue.h"

struct overdue overdue_decide(const struct overdue_input *in)
{
	struct overdue result = { false, in->now_s - (in->good_s != OVERDUE_NOTHING ? in->good_s : in->known_s) };
	int64_t patience_s = in->max_age_s / 4 < OVERDUE_PATIENCE_S ? in->max_age_s / 4 : OVERDUE_PATIENCE_S;

	if (result.age_s < 0)
		result.age_s = 0;
	if (in->max_age_s == 0 || result.age_s <= in->max_age_s)
		return result;
	result.is = in->was || in->heard || in->up_s >= patience_s;
	return result;
}
