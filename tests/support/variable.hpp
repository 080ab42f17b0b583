// A variable of the environment, for the processes that a test starts.
#pragma once

#include <stdlib.h>

#include <string>

namespace pulsekit::test {

/// Set from construction on, gone with it.
class Variable {
public:
    Variable(const char* name, const std::string& value) : name_(name) { ::setenv(name, value.c_str(), 1); }
    ~Variable() { ::unsetenv(name_); }
    Variable(const Variable&) = delete;
    Variable& operator=(const Variable&) = delete;

private:
    const char* name_;
};

}  // namespace pulsekit::test
