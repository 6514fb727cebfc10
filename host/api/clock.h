/* clock.h - a clock that only goes forward. */
#ifndef APO_HOST_API_CLOCK_H
#define APO_HOST_API_CLOCK_H

/** Seconds since some moment before the process started; steps of the wall clock do not show. */
double apo_clock_seconds(void);

#endif
