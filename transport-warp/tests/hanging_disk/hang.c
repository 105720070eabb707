/* Simulates a hanging disk: once the file named by HANG_MARKER exists, no sync returns. */
#define _GNU_SOURCE
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

static void hang_when_told(void)
{
    const char *marker = getenv("HANG_MARKER");
    while (marker && access(marker, F_OK) == 0)
        pause();
}

int fsync(int fd)
{
    hang_when_told();
    return (int)syscall(SYS_fsync, fd);
}

int fdatasync(int fd)
{
    hang_when_told();
    return (int)syscall(SYS_fdatasync, fd);
}
