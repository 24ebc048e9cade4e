#include "scan/source/file_identity.h"

#include <sys/stat.h>

#include "base/clock.h"

/* The coarsest clock tick behind time stamps that have a part below the second ... */
#define TICK_NS ((int64_t)(50 * MS_NS))
/* ... and the coarsest time stamps there are: two seconds on FAT. */
#define COARSE_NS ((int64_t)(3 * SECOND_NS))

struct file_identity file_identity_of(int fd)
{
	struct stat st;

	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return (struct file_identity){ 0 };
	return (struct file_identity){ .device = st.st_dev,
				       .inode = st.st_ino,
				       .bytes = (uint64_t)st.st_size,
				       .changed_ns = (int64_t)timespec_ns(st.st_ctim),
				       .modified_ns = (int64_t)timespec_ns(st.st_mtim),
				       .is_file = true };
}

bool file_identity_is_settled(const struct file_identity *before, int fd)
{
	struct file_identity after = file_identity_of(fd);
	int64_t newest = MAX(before->changed_ns, before->modified_ns);
	bool is_coarse = before->changed_ns % (int64_t)SECOND_NS == 0;

	if (!after.is_file || !before->is_file || after.device != before->device ||
	    after.inode != before->inode || after.bytes != before->bytes ||
	    after.changed_ns != before->changed_ns || after.modified_ns != before->modified_ns)
		return false;
	return (int64_t)clock_ns(CLOCK_REALTIME) - newest > (is_coarse ? COARSE_NS : TICK_NS);
}

void file_identity_render(const struct file_identity *f, struct buf *ret)
{
	buf_printf(ret, "%llu %llu %llu %lld %lld\n", (unsigned long long)f->device,
		   (unsigned long long)f->inode, (unsigned long long)f->bytes,
		   (long long)f->changed_ns, (long long)f->modified_ns);
}
