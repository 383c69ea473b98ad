#include "wire/macs_codec.h"

#include <stdio.h>
#include <string.h>

static const char *const states[] = { "finished", "unfinished", "in-flight" };
#define N_STATES (sizeof(states) / sizeof(states[0]))
#define FLAG_VERIFICATION_FAILED 1u

static uint8_t state_number(const char *state)
{
	uint8_t i = 0;

	while (i < N_STATES - 1 && strcmp(states[i], state) != 0)
		i++;
	return i;
}

void put_macs(struct encoder *e, const struct wire_macs *macs)
{
	put_u8(e, (uint8_t)macs->n);
	for (size_t i = 0; i < macs->n; i++) {
		const struct wire_mac *mac = &macs->list[i];

		put_string(e, mac->name);
		put_u8(e, state_number(mac->state));
		put_i64(e, mac->completed_at_s);
		put_u8(e, mac->verification_failed ? FLAG_VERIFICATION_FAILED : 0);
	}
}

void get_macs(struct decoder *d, struct wire_macs *macs)
{
	macs->n = get_u8(d);
	if (macs->n > MACS_CODEC_MAX) {
		macs->n = 0;
		d->bad = true;
	}
	for (size_t i = 0; i < macs->n && !d->bad; i++) {
		struct wire_mac *mac = &macs->list[i];
		uint8_t state;

		get_string(d, mac->name, sizeof(mac->name));
		state = get_u8(d);
		mac->completed_at_s = get_i64(d);
		mac->verification_failed = (get_u8(d) & FLAG_VERIFICATION_FAILED) != 0;
		if (state >= N_STATES || mac->completed_at_s < 0) {
			d->bad = true;
			break;
		}
		(void)snprintf(mac->state, sizeof(mac->state), "%s", states[state]);
	}
	if (d->bad)
		macs->n = 0;
}
