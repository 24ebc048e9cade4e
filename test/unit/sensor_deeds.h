/** @file
 * What a child does for the sensor to tell of. Each is run in a process of its own, which some of them replace by another
 * program; what goes wrong shows in what is told.
 */
#ifndef SKEP_TEST_SENSOR_DEEDS_H
#define SKEP_TEST_SENSOR_DEEDS_H

#include <stdbool.h>

/** A file's name, and an argument, that a terminal would not like. */
#define HOSTILE "a\nb\xff\x01c"

/** @param dir  a folder of the test's own */
void deed_exec(const char *dir);
void deed_script(const char *dir);
/** Starts a program that is to read a file of that folder, or a connection. */
void deed_reads_file(const char *dir);
void deed_reads_removed(const char *dir);
void deed_reads_network(const char *dir);
void deed_reads_shut(const char *dir);
void deed_long_exec(const char *dir);
void deed_medium_exec(const char *dir);
void deed_memfd(const char *dir);
void deed_files(const char *dir);
void deed_sockets(const char *dir);
void deed_dns(const char *dir);
/** Whether its last question, by IPv6, can be sent. */
bool has_loopback6(void);
void deed_calls(const char *dir);
void deed_one_open(const char *dir);
/** Opens, and changes of descriptors 0 to 2 and of its folder; with a second thread. */
void deed_asked(const char *dir);
/** Opens one file time and again, in a control group of the child's own: the budget is one for all that run in one. */
void deed_own_opens(const char *dir);
enum { DEED_OPENS = 3000 };

/** That file and that group, which its parent makes. Whoever asks first gives them a number: ask before the child begins. */
const char *deed_own_file(void);
const char *deed_own_group(void);

#endif
