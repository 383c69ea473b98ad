/* bare_script: the text of wire/bare.sh, which the far end's `sh` runs. For any thread. */
#ifndef AOB_BARE_SCRIPT_H
#define AOB_BARE_SCRIPT_H

extern const char bare_script_text[]; /* with a NUL behind */

#endif
