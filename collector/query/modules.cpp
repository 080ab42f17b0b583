#include "query/module.hpp"

namespace collector::query {

// Each is defined in modules/<family>.cpp.
extern const Module kStats;
extern const Module kTimeseries;
extern const Module kPages;
extern const Module kReferrers;
extern const Module kEvents;
extern const Module kDevices;
extern const Module kGeo;
extern const Module kRealtime;
extern const Module kCampaigns;
extern const Module kCampaignSources;
extern const Module kCampaignMediums;
extern const Module kCampaignTimeseries;
extern const Module kSearch;
extern const Module kScrollDepth;
extern const Module kOutlinks;
extern const Module kDelivery;
extern const Module kFunnels;
extern const Module kGoals;
extern const Module kExperiments;
extern const Module kSurveys;
extern const Module kRetention;
extern const Module kCohorts;
extern const Module kPaths;
extern const Module kWebVitals;
extern const Module kWebVitalsPages;
extern const Module kWebVitalsTimeseries;
extern const Module kErrors;
extern const Module kErrorsDetail;
extern const Module kErrorsTimeseries;
extern const Module kErrorsStats;
extern const Module kHeatmaps;
extern const Module kHeatmapsStats;
extern const Module kEventList;
extern const Module kTopEvents;

std::span<const Module* const> modules() {
    static constexpr const Module* kModules[] = {
        &kStats,
        &kTimeseries,
        &kPages,
        &kReferrers,
        &kEvents,
        &kDevices,
        &kGeo,
        &kRealtime,
        &kCampaigns,
        &kCampaignSources,
        &kCampaignMediums,
        &kCampaignTimeseries,
        &kSearch,
        &kScrollDepth,
        &kOutlinks,
        &kDelivery,
        &kFunnels,
        &kGoals,
        &kExperiments,
        &kSurveys,
        &kRetention,
        &kCohorts,
        &kPaths,
        &kWebVitals,
        &kWebVitalsPages,
        &kWebVitalsTimeseries,
        &kErrors,
        &kErrorsDetail,
        &kErrorsTimeseries,
        &kErrorsStats,
        &kHeatmaps,
        &kHeatmapsStats,
        &kEventList,
        &kTopEvents,
    };
    return kModules;
}

}  // namespace collector::query
