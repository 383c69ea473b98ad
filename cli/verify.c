#include <stdio.h>
#include <sysexits.h>

#include "cli/verbs.h"
#include "cli/verify_proof.h"

int verify_main(int argc, char **argv, const char *config_path)
{
	if (verify_proof_asked(argc, argv))
		return verify_proof_main(argc, argv, config_path);
	(void)fputs("usage: aob verify --proof PIPELINE [--generation G] [--json]\n", stderr);
	return EX_USAGE;
}
