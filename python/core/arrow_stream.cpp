#include "python/core/arrow_stream.h"

#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <exception>
#include <new>
#include <string>
#include <utility>

#include "base/error_catalogue.h"
#include "nanoarrow/nanoarrow.h"
#include "python/core/caller.h"
#include "python/core/errors.h"
#include "sink/arrow/arrow_export.h"

namespace nb = nanobind;

namespace ringsync::python {
namespace {

constexpr const char* kStreamName = "arrow_array_stream";
constexpr const char* kSchemaName = "arrow_schema";
constexpr int64_t kPollMs = kSignalInterval.count();

int raise_now(void* exception) {
  const nb::object raised = nb::steal(static_cast<PyObject*>(exception));
  PyErr_SetObject(raised.type().ptr(), raised.ptr());
  return -1;
}

/// True where a signal's handler raised. The stream interface knows no exceptions: this one is put
/// off until Python is back in charge. With the GIL.
bool raises_later() {
  try {
    check_signals();
    return false;
  } catch (const nb::python_error& error) {
    nb::object raised = nb::borrow(error.value());
    if (Py_AddPendingCall(raise_now, raised.ptr()) == 0) raised.release();
    return true;
  }
}

int hand_on_log_lines(void*) {
  try {
    const nb::module_ log = nb::module_::import_("ringsync._log");
    log.attr("hand_on")(log.attr("StandardLog")());
  } catch (nb::python_error& error) {
    error.discard_as_unraisable("ringsync: log lines of a scan");
  }
  return 0;
}

/// Thread rule: one thread at a time, with or without the GIL, as the interface asks of consumers.
class Stream {
 public:
  explicit Stream(std::shared_ptr<const Scan> scan) : scan_(std::move(scan)) {}
  ~Stream() { end(); }
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  /// A forked process has none of the threads that a reading needs.
  bool is_of_this_process() const { return getpid() == process_; }

  int schema(ArrowSchema* out) { return told(export_schema(scan_->fields(), out)); }

  int next(ArrowArray* out) {
    *out = ArrowArray{};
    if (!is_of_this_process()) {
      return told(Error{ErrorCode::kUsage,
                        "this stream was made in another process; call scan() after the fork, in "
                        "the process that reads"});
    }
    if (has_ended_) return 0;
    if (run_ == nullptr) run_ = std::make_unique<ScanRun>(scan_);
    for (;;) {
      if (is_interrupted()) {
        end();
        error_ = "interrupted";
        return EINTR;
      }
      PageSlice slice;
      auto popped = run_->next(kPollMs, slice);
      if (!popped.ok()) {
        end();
        return told(std::move(popped).error());
      }
      if (*popped == SliceQueue::Popped::kNothing) continue;
      if (*popped == SliceQueue::Popped::kEnd) {
        end();
        return 0;
      }
      export_columns(std::move(slice.page), scan_->columns(), slice.first_row, slice.row_count,
                     out);
      return 0;
    }
  }

  const char* error() const { return error_.empty() ? nullptr : error_.c_str(); }

  int told(const Status& outcome) {
    if (outcome.ok()) return 0;
    error_ = coded_text(outcome.error());
    return EIO;
  }

 private:
  /// No more comes. What the reading logged goes to Python's logging as soon as its main thread is
  /// in charge: this thread may be without the GIL, and the one that has it may wait for us.
  void end() {
    has_ended_ = true;
    if (run_ == nullptr) return;
    run_.reset();
    Py_AddPendingCall(hand_on_log_lines, nullptr);
  }

  /// True where a signal's handler raised, as Ctrl-C's does. Signals are looked for in Python's
  /// main thread only: elsewhere that has no effect, and the one that holds the GIL may wait for
  /// us.
  bool is_interrupted() {
    const auto now = std::chrono::steady_clock::now();
    if (now - looked_ < kSignalInterval || !is_main_thread()) return false;
    looked_ = now;
    const nb::gil_scoped_acquire acquired;
    return raises_later();
  }

  const std::shared_ptr<const Scan> scan_;
  const pid_t process_ = getpid();
  std::unique_ptr<ScanRun> run_;
  bool has_ended_ = false;
  std::string error_;
  std::chrono::steady_clock::time_point looked_ = std::chrono::steady_clock::now();
};

Stream& stream_of(ArrowArrayStream* stream) { return *static_cast<Stream*>(stream->private_data); }

/// No exception leaves for a consumer that may be written in C.
template <typename Work>
int contained(ArrowArrayStream* stream, const Work& work) {
  try {
    return work(stream_of(stream));
  } catch (const std::bad_alloc&) {
    return ENOMEM;
  } catch (const std::exception& defect) {
    return stream_of(stream).told(Error{ErrorCode::kInternal, defect.what()});
  }
}

int get_schema(ArrowArrayStream* stream, ArrowSchema* out) {
  return contained(stream, [&](Stream& of) { return of.schema(out); });
}

int get_next(ArrowArrayStream* stream, ArrowArray* out) {
  return contained(stream, [&](Stream& of) { return of.next(out); });
}

const char* get_last_error(ArrowArrayStream* stream) { return stream_of(stream).error(); }

/// In a forked process it is left alone: ending it would wait for threads that are not there.
void release_stream(ArrowArrayStream* stream) {
  std::unique_ptr<Stream> owned(&stream_of(stream));
  stream->release = nullptr;
  if (!owned->is_of_this_process()) static_cast<void>(owned.release());
}

void destroy_stream_capsule(PyObject* capsule) {
  const std::unique_ptr<ArrowArrayStream> stream(
      static_cast<ArrowArrayStream*>(PyCapsule_GetPointer(capsule, kStreamName)));
  if (stream->release != nullptr) stream->release(stream.get());  // else a consumer took it over
}

void destroy_schema_capsule(PyObject* capsule) {
  const std::unique_ptr<ArrowSchema> schema(
      static_cast<ArrowSchema*>(PyCapsule_GetPointer(capsule, kSchemaName)));
  if (schema->release != nullptr) schema->release(schema.get());
}

/// The capsule, which owns what it points to.
template <typename T>
nb::object capsule_of(std::unique_ptr<T> content, const char* name, PyCapsule_Destructor destroy) {
  PyObject* const capsule = PyCapsule_New(content.get(), name, destroy);
  if (capsule == nullptr) throw nb::python_error();
  content.release();
  return nb::steal(capsule);
}

}  // namespace

nb::object stream_capsule(std::shared_ptr<const Scan> scan) {
  auto stream = std::make_unique<ArrowArrayStream>();
  stream->get_schema = get_schema;
  stream->get_next = get_next;
  stream->get_last_error = get_last_error;
  stream->release = release_stream;
  stream->private_data = new Stream(std::move(scan));
  return capsule_of(std::move(stream), kStreamName, destroy_stream_capsule);
}

nb::object schema_capsule(const std::vector<ArrowField>& fields) {
  auto schema = std::make_unique<ArrowSchema>();
  const Status made = export_schema(fields, schema.get());
  if (!made.ok()) raise(made.error());
  return capsule_of(std::move(schema), kSchemaName, destroy_schema_capsule);
}

}  // namespace ringsync::python
