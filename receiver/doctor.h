/* doctor: how is this machine? What tells that runs programs (apt-get, smartctl) and reads files, which the receiver itself gives up before it reads the first byte
 * from a client. So a second process is made before, which waits for one byte from the receiver and takes nothing else, looks, tells what it found, and ends.
 *
 * lifetime: doctor_start / doctor_end. threads: one. */
#ifndef AOB_RECEIVER_DOCTOR_H
#define AOB_RECEIVER_DOCTOR_H

#include <sys/types.h>

#include "lib/error.h"
#include "receiver/confine.h"
#include "wire/wire.h"

struct doctor {
	pid_t pid; /* 0: there is none */
	int ask_fd, told_fd;
	struct confined confined; /* what the receiver gave up, to be told with it */
};

/* doctor_start: root: borrowed. Where there is no room for a process, there is no doctor, and nothing else changes. */
void doctor_start(const char *root, struct doctor *doctor);
void doctor_end(struct doctor *doctor);

/* doctor_answer: DOCTOR is answered, once for each connection. errors: ERR_SYSTEM, those of wire_send */
int doctor_answer(struct doctor *doctor, struct wire *wire, struct error *err);

#endif
