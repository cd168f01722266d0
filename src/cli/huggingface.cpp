#include "huggingface.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

#include "dsplan/base/error.hpp"

#include "files.hpp"

extern char** environ;

namespace dsplan::cli {
namespace {

namespace fs = std::filesystem;

std::string home(const Variable& variable) {
  if (const auto set = variable("HF_HOME")) return *set;
  if (const auto cache = variable("XDG_CACHE_HOME")) return *cache + "/huggingface";
  return variable("HOME").value_or(".") + "/.cache/huggingface";
}

bool is_true(const std::optional<std::string>& value) {
  return value && (*value == "1" || *value == "ON" || *value == "YES" || *value == "TRUE" ||
                   *value == "true");
}

// ---- the local cache ----

std::string trimmed(std::string text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r' || text.back() == ' '))
    text.pop_back();
  return text;
}

std::optional<HubFile> cached(const std::string& repo,
                              const std::string& name,
                              const Variable& variable) {
  std::string folder = "models--" + repo;
  for (auto slash = folder.find('/'); slash != std::string::npos; slash = folder.find('/'))
    folder.replace(slash, 1, "--");
  const fs::path root =
      fs::path(variable("HF_HUB_CACHE").value_or(home(variable) + "/hub")) / folder;
  std::error_code ignored;
  const fs::path reference = root / "refs" / "main";
  if (!fs::is_regular_file(reference, ignored)) return std::nullopt;
  const fs::path file = root / "snapshots" / trimmed(read_file(reference.string())) / name;
  if (!fs::is_regular_file(file, ignored)) return std::nullopt;
  return HubFile{read_file(file.string()), file.string()};
}

// ---- the network: curl does the talking, and knows proxies, certificates and redirects ----

std::optional<std::string> token(const Variable& variable) {
  if (const auto set = variable("HF_TOKEN"); set && !set->empty()) return trimmed(*set);
  const std::string path = variable("HF_TOKEN_PATH").value_or(home(variable) + "/token");
  std::error_code ignored;
  if (!fs::is_regular_file(path, ignored)) return std::nullopt;
  return trimmed(read_file(path));
}

/// A text within double quotes of curl's configuration language.
std::string quoted(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out.push_back('\\');
    if (c != '\n' && c != '\r') out.push_back(c);
  }
  return out + "\"\n";
}

/// Given on curl's standard input, so that no other process sees the token.
std::string curl_configuration(const std::string& url, const std::optional<std::string>& secret) {
  std::string text =
      "url = " + quoted(url) +
      "silent\nshow-error\nlocation\nmax-time = 60\nconnect-timeout = 15\nproto = \"=http,https\"\n"
      "write-out = \"\\n%{http_code}\"\n";
  if (secret) text += "header = " + quoted("Authorization: Bearer " + *secret);
  return text;
}

struct Pipe {
  std::array<int, 2> end{-1, -1};
  Pipe() {
    if (pipe2(end.data(), O_CLOEXEC) != 0)
      throw Error(ErrorCode::io, "cannot make a pipe", std::strerror(errno));
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;
  ~Pipe() {
    close_end(0);
    close_end(1);
  }
  void close_end(std::size_t which) {
    if (end[which] >= 0) close(end[which]);
    end[which] = -1;
  }
};

void write_all(int file, const std::string& text) {
  std::size_t done = 0;
  while (done < text.size()) {
    const ssize_t n = write(file, text.data() + done, text.size() - done);
    if (n <= 0) return;  // curl ended early: its exit code tells
    done += static_cast<std::size_t>(n);
  }
}

std::string read_all(int file) {
  std::string text;
  std::array<char, 65536> buffer{};
  for (ssize_t n = read(file, buffer.data(), buffer.size()); n > 0;
       n = read(file, buffer.data(), buffer.size())) {
    text.append(buffer.data(), static_cast<std::size_t>(n));
  }
  return text;
}

struct Reply {
  int exit_code = 0;
  std::string text;
};

Reply run_curl(const std::string& configuration) {
  Pipe in;
  Pipe out;
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, in.end[0], STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, out.end[1], STDOUT_FILENO);
  posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  std::string program = "curl";
  std::string flag = "--config";
  std::string dash = "-";
  std::array<char*, 4> arguments{program.data(), flag.data(), dash.data(), nullptr};
  pid_t child = 0;
  const int problem = posix_spawnp(&child, "curl", &actions, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (problem != 0) {
    throw Error(
        ErrorCode::io, "downloading from the hub needs the program curl", "apt-get install curl");
  }
  in.close_end(0);
  out.close_end(1);
  std::signal(SIGPIPE, SIG_IGN);
  write_all(in.end[1], configuration);
  in.close_end(1);
  Reply reply;
  reply.text = read_all(out.end[0]);
  int status = 0;
  waitpid(child, &status, 0);
  reply.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 127;
  return reply;
}

int take_status(std::string& text) {
  const auto line = text.rfind('\n');
  if (line == std::string::npos) return 0;
  const std::string status = text.substr(line + 1);
  text.resize(line);
  return status.size() == 3 &&
                 std::all_of(
                     status.begin(), status.end(), [](char c) { return c >= '0' && c <= '9'; })
             ? std::stoi(status)
             : 0;
}

/// What curl's exit code means, for those that users meet.
std::string curl_problem(int code) {
  switch (code) {
    case 5:
      return "the proxy is not known";
    case 6:
      return "the host is not known";
    case 7:
      return "the connection was refused";
    case 28:
      return "no answer in time";
    case 60:
      return "its certificate is not trusted";
    default:
      return "curl " + std::to_string(code);
  }
}

std::optional<HubFile> downloaded(const std::string& repo,
                                  const std::string& name,
                                  const Variable& variable) {
  std::string endpoint = variable("HF_ENDPOINT").value_or("https://huggingface.co");
  while (!endpoint.empty() && endpoint.back() == '/') endpoint.pop_back();
  const std::string url = endpoint + "/" + repo + "/resolve/main/" + name;
  Reply reply = run_curl(curl_configuration(url, token(variable)));
  if (reply.exit_code == 127) {
    throw Error(
        ErrorCode::io, "downloading from the hub needs the program curl", "apt-get install curl");
  }
  const int status = take_status(reply.text);
  if (status == 404) return std::nullopt;
  if (status == 401 || status == 403) {
    throw Error(ErrorCode::io,
                url + ": access refused (HTTP " + std::to_string(status) + ")",
                "the model is gated, private or misspelt: accept its terms and set HF_TOKEN");
  }
  if (reply.exit_code != 0 || status != 200) {
    throw Error(
        ErrorCode::io,
        url + ": not reached (" +
            (status == 0 || reply.exit_code != 0 ? curl_problem(reply.exit_code)
                                                 : "HTTP " + std::to_string(status)) +
            ")",
        "check the network, HF_ENDPOINT and proxies, or give the path of a downloaded config.json");
  }
  return HubFile{std::move(reply.text), url};
}

}  // namespace

std::optional<HubFile> hub_file(const std::string& repo,
                                const std::string& name,
                                const Variable& variable) {
  if (auto file = cached(repo, name, variable)) return file;
  if (is_true(variable("HF_HUB_OFFLINE"))) return std::nullopt;
  return downloaded(repo, name, variable);
}

}  // namespace dsplan::cli
