/* Which symbols a shared build of pulsekit shows. */
#ifndef PULSEKIT_EXPORT_H
#define PULSEKIT_EXPORT_H

#if defined(_WIN32) && defined(PULSEKIT_SHARED)
#if defined(PULSEKIT_BUILDING)
#define PULSEKIT_API __declspec(dllexport)
#else
#define PULSEKIT_API __declspec(dllimport)
#endif
#elif defined(__GNUC__)
#define PULSEKIT_API __attribute__((visibility("default")))
#else
#define PULSEKIT_API
#endif

#endif
