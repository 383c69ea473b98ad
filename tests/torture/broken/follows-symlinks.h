/* A build that is broken on purpose: no path operation refuses a symlink, and Landlock is not there. It shows that tests/torture/flips finds what it looks for:
 *     CPPFLAGS="-include tests/torture/broken/follows-symlinks.h" make BUILD=build/broken build/broken/aob-receiver */
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#undef O_NOFOLLOW
#define O_NOFOLLOW 0
#undef AT_SYMLINK_NOFOLLOW
#define AT_SYMLINK_NOFOLLOW 0
#undef SYS_openat2
#define SYS_openat2 (-1)
#undef SYS_landlock_create_ruleset
#define SYS_landlock_create_ruleset (-1)
