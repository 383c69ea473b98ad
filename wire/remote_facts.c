#include "wire/remote_facts.h"

#include "lib/log.h"
#include "wire/codec.h"

static int take(const struct frame *frame, struct host_facts *facts, struct error *err)
{
	char name[HOST_FACTS_NAME_SIZE];
	char value[HOST_FACTS_VALUE_SIZE];
	char safe_name[HOST_FACTS_NAME_SIZE];
	char safe_value[HOST_FACTS_VALUE_SIZE];
	struct decoder d;

	decoder_init(&d, frame->payload, frame->len_bytes);
	get_string(&d, name, sizeof(name));
	get_string(&d, value, sizeof(value));
	if (codec_done(&d, "FACT", err) != 0)
		return -1;
	host_facts_put(facts, log_escape(name, safe_name, sizeof(safe_name)), "%s",
	               log_escape(value, safe_value, sizeof(safe_value)));
	return 0;
}

int remote_facts(struct remote *remote, struct host_facts *facts, struct error *err)
{
	struct wire *wire = remote_wire(remote);
	struct frame frame;
	char safe[128];
	int rc;

	*facts = (struct host_facts){ 0 };
	if (!remote_welcome(remote)->doctors)
		return error_set(err, ERR_CONFIG,
		                 "the far end (%s) knows no doctor; install a newer aob-receiver there",
		                 log_escape(remote_welcome(remote)->software, safe, sizeof(safe)));
	if (wire_send(wire, FRAME_DOCTOR, NULL, 0, err) != 0)
		return -1;
	while ((rc = wire_receive(wire, &frame, err)) == 1) {
		if (frame.type == FRAME_FACTS_END)
			return 0;
		if (frame.type != FRAME_FACT)
			return error_set(err, ERR_PROTOCOL, "%s in the answer to DOCTOR", frame_name(frame.type));
		if (take(&frame, facts, err) != 0)
			return -1;
	}
	return rc == 0 ? error_set(err, ERR_LINK, "the connection was lost in the answer to DOCTOR") : -1;
}
