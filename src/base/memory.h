/** @file
 * What a long-lived process needed to begin and holds for nothing.
 */
#ifndef SKEP_BASE_MEMORY_H
#define SKEP_BASE_MEMORY_H

/**
 * Gives free pages of the heap back (malloc_trim(3)), and pages of programs and libraries that are mapped and cannot be written: linking
 * and starting touched many that are never needed again. Those that are come back from the kernel's cache when they are touched.
 */
void memory_give_back(void);

#endif
