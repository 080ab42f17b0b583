#include "http/router.hpp"

#include <gtest/gtest.h>

namespace collector::http {
namespace {

Route route(std::string method, std::string pattern) {
    return {.method = std::move(method), .pattern = std::move(pattern), .envelope = plain_envelope};
}

Request request(std::string method, std::string path) {
    Request made;
    made.method = std::move(method);
    made.path = std::move(path);
    return made;
}

const Router kRouter({route("GET", "/surveys/{id}"), route("GET", "/surveys/active"), route("PUT", "/surveys/{id}"),
                      route("GET", "/surveys/{id}/stats/{day}"), route("POST", "/collect")});

TEST(Router, BindsPlaceholdersAndPrefersLiterals) {
    auto one = request("GET", "/surveys/s1/stats/today");
    ASSERT_TRUE(kRouter.find(one).route);
    EXPECT_EQ(one.path_value("id"), "s1");
    EXPECT_EQ(one.path_value("day"), "today");
    auto active = request("GET", "/surveys/active");
    ASSERT_TRUE(kRouter.find(active).route);
    EXPECT_EQ(kRouter.find(active).route->pattern, "/surveys/active");
}

TEST(Router, TellsAnUnknownPathFromAnUnknownMethod) {
    auto unknown = request("GET", "/surveys");
    EXPECT_FALSE(kRouter.find(unknown).route);
    EXPECT_EQ(kRouter.find(unknown).allow, "");
    auto empty_segment = request("GET", "/surveys/");
    EXPECT_EQ(kRouter.find(empty_segment).allow, "");
    auto wrong_method = request("DELETE", "/surveys/s1");
    EXPECT_EQ(kRouter.find(wrong_method).allow, "GET, HEAD, PUT");
    auto get = request("GET", "/collect");
    EXPECT_EQ(kRouter.find(get).allow, "POST");
}

TEST(Router, HeadIsServedByGet) {
    auto head = request("HEAD", "/surveys/s1");
    ASSERT_TRUE(kRouter.find(head).route);
    EXPECT_EQ(kRouter.find(head).route->method, "GET");
}

}  // namespace
}  // namespace collector::http
