// windows_functions(): the table of winevt_source.hpp over wevtapi.dll. Compiled for Windows only (scripts/check_windows_build).
#ifdef _WIN32
#define WIN32_LEAN_AND_MEAN
#define UNICODE
#include <windows.h>
#include <winevt.h>

#include "winlog/winevt_source.hpp"

namespace yagura::winlog {

namespace {

EVT_HANDLE handle_of(EventHandle handle) { return reinterpret_cast<EVT_HANDLE>(handle); }
EventHandle number_of(EVT_HANDLE handle) { return reinterpret_cast<EventHandle>(handle); }

std::wstring wide(const std::string& text) {
  const int size = ::MultiByteToWideChar(CP_UTF8, 0, text.data(), static_cast<int>(text.size()), nullptr, 0);
  std::wstring out(static_cast<std::size_t>(size), L'\0');
  ::MultiByteToWideChar(CP_UTF8, 0, text.data(), static_cast<int>(text.size()), out.data(), size);
  return out;
}

std::string narrow(const wchar_t* text) {
  const int size = ::WideCharToMultiByte(CP_UTF8, 0, text, -1, nullptr, 0, nullptr, nullptr);
  if (size <= 1) return {};
  std::string out(static_cast<std::size_t>(size - 1), '\0');
  ::WideCharToMultiByte(CP_UTF8, 0, text, -1, out.data(), size, nullptr, nullptr);
  return out;
}

std::string render(EVT_HANDLE of, DWORD what) {
  DWORD used = 0, properties = 0;
  std::vector<wchar_t> buffer(8'192);
  for (int tries = 0; tries < 2; ++tries) {
    if (::EvtRender(nullptr, of, what, static_cast<DWORD>(buffer.size() * sizeof(wchar_t)), buffer.data(), &used, &properties)) return narrow(buffer.data());
    if (::GetLastError() != ERROR_INSUFFICIENT_BUFFER) return {};
    buffer.resize(used / sizeof(wchar_t) + 1);
  }
  return {};
}


}  // namespace

WinevtFunctions windows_functions() {
  auto signals = std::make_shared<std::map<EventHandle, HANDLE>>();
  WinevtFunctions table;
  table.subscribe = [signals](const std::string& channel, const std::string& query, EventHandle bookmark, bool future, bool strict) -> EventHandle {
    DWORD flags = bookmark != 0 ? EvtSubscribeStartAfterBookmark : future ? EvtSubscribeToFutureEvents : EvtSubscribeStartAtOldestRecord;
    if (strict) flags |= EvtSubscribeStrict;
    HANDLE signal = ::CreateEventW(nullptr, TRUE, TRUE, nullptr);
    const auto subscription = ::EvtSubscribe(nullptr, signal, wide(channel).c_str(), wide(query).c_str(), handle_of(bookmark), nullptr, nullptr, flags);
    if (subscription == nullptr) {
      const DWORD error = ::GetLastError();
      ::CloseHandle(signal);
      ::SetLastError(error);
      return 0;
    }
    (*signals)[number_of(subscription)] = signal;
    return number_of(subscription);
  };
  table.next = [signals](EventHandle subscription, std::size_t most, std::chrono::milliseconds wait, std::vector<EventHandle>& out) {
    const auto signal = signals->find(subscription);
    if (signal != signals->end() && ::WaitForSingleObject(signal->second, static_cast<DWORD>(wait.count())) != WAIT_OBJECT_0) {
      ::SetLastError(ERROR_TIMEOUT);
      return false;
    }
    std::vector<EVT_HANDLE> handles(most);
    DWORD got = 0;
    if (!::EvtNext(handle_of(subscription), static_cast<DWORD>(most), handles.data(), 0, 0, &got)) {
      const DWORD error = ::GetLastError();
      if (error == ERROR_NO_MORE_ITEMS && signal != signals->end()) ::ResetEvent(signal->second);
      ::SetLastError(error);
      return false;
    }
    for (DWORD i = 0; i < got; ++i) out.push_back(number_of(handles[i]));
    return true;
  };
  table.render_event = [](EventHandle event) { return render(handle_of(event), EvtRenderEventXml); };
  table.render_bookmark = [](EventHandle bookmark) { return render(handle_of(bookmark), EvtRenderBookmark); };
  table.create_bookmark = [](const std::string& xml) { return number_of(::EvtCreateBookmark(xml.empty() ? nullptr : wide(xml).c_str())); };
  table.update_bookmark = [](EventHandle bookmark, EventHandle event) { return ::EvtUpdateBookmark(handle_of(bookmark), handle_of(event)) != FALSE; };
  table.close = [signals](EventHandle handle) {
    ::EvtClose(handle_of(handle));
    if (const auto signal = signals->find(handle); signal != signals->end()) {
      ::CloseHandle(signal->second);
      signals->erase(signal);
    }
  };
  table.last_error = [] { return static_cast<std::uint32_t>(::GetLastError()); };
  return table;
}

}  // namespace yagura::winlog
#endif
