using Roomcast.Egress.Playback;
using Roomcast.Egress.Worker.Native;
using Roomcast.Rtc.Rtcp;

namespace Roomcast.Egress.Worker.Playing;

/// <summary>Shows a source by the clock: fifty times a second what is due of its sound, and the pictures that came with it.</summary>
/// <remarks>
/// RTP goes on by the player's own clock, whatever the position does: while the source stands still, is elsewhere or gives nothing, there
/// is silence and the last picture, again once a second, so that nobody takes it for gone.
/// </remarks>
internal sealed class Player
{
    private const double Tick = 0.02;
    private const double MostDb = 50;

    private static readonly TimeSpan TickLength = TimeSpan.FromSeconds(Tick);
    private static readonly TimeSpan ReportInterval = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Standstill = TimeSpan.FromSeconds(1);

    // Of more pictures than these each second some are left out.
    private static readonly TimeSpan LeastDistance = TimeSpan.FromMilliseconds(25);

    // Held up for longer than this, by a machine that has no time, it goes on from now and does not run after what is past.
    private static readonly TimeSpan MostBehind = TimeSpan.FromMilliseconds(500);

    private readonly PlayerLink _link;
    private readonly PlayedSource _source;
    private readonly TimeProvider _time;
    private readonly TimeSpan _patience;
    private readonly float[] _sound = new float[OpusSender.FrameSamples * 2];
    private readonly byte[] _report = new byte[128];
    private AvFrame? _shown;
    private double _position;
    private double _volumeDb;
    private long _done;
    private bool _isPaused;
    private bool _wantsKeyframe;

    public Player(PlayerLink link, PlayedSource source, WirePlay play, TimeProvider time)
    {
        (_link, _source, _time) = (link, source, time);
        _volumeDb = Math.Clamp(play.VolumeDb, -MostDb, MostDb);
        _patience = TimeSpan.FromMilliseconds(play.StallMs);
        _position = source.Length is { } length ? Math.Min(play.SeekMs / 1_000, length.TotalSeconds) : 0;
    }

    /// <summary>Plays to the end.</summary>
    /// <returns>Why it ended; null when it has been played, or nobody wants it any more.</returns>
    public string? Run()
    {
        using var pictures = _source.HasPicture ? new Vp8Sender(_link) : null;
        using var sounds = _source.HasSound ? new OpusSender(_link) : null;
        if (WaitUntilReady() is { } fault)
        {
            return fault.Length == 0 ? null : fault;
        }

        Tell();
        var began = _time.GetTimestamp();
        var wallClock = _time.GetUtcNow();
        var next = TimeSpan.Zero;
        var (reportedAt, pictureAt, starvedSince) = (TimeSpan.MinValue, TimeSpan.MinValue, (TimeSpan?)null);
        while (!_link.IsOver)
        {
            Heed();
            var now = _time.GetElapsedTime(began);
            next = now - next > MostBehind ? now : next;
            for (; next <= now; next += TickLength)
            {
                var isGoing = !_isPaused && _source.IsReady;
                if (isGoing && _source.IsDone)
                {
                    return _source.Fault;
                }

                starvedSince = isGoing || _isPaused ? null : starvedSince ?? next;
                if (next - starvedSince > _patience)
                {
                    return PlaybackReasons.Stalled;
                }

                Show(pictures, next, isGoing, ref pictureAt);
                Sound(sounds, next, isGoing);
                _position += isGoing ? Tick : 0;
            }

            if (_source.Fault is { } broken && !_source.IsReady)
            {
                return broken;
            }

            if (reportedAt == TimeSpan.MinValue || now - reportedAt >= ReportInterval)
            {
                reportedAt = now;
                Report(sounds?.Rtp, pictures?.Rtp, now, NtpTime.From(wallClock + now));
            }

            _link.Flush();
            var wait = next - _time.GetElapsedTime(began);
            if (wait > TimeSpan.Zero)
            {
                _link.HasInput.WaitOne(wait);
            }
        }

        return null;
    }

    /// <summary>Waits for the first picture and sound. Empty when nobody wants it any more; null when it is ready.</summary>
    private string? WaitUntilReady()
    {
        var began = _time.GetTimestamp();
        while (!_source.IsReady)
        {
            if (_link.IsOver || _source.Fault is not null)
            {
                return _source.Fault ?? "";
            }

            if (_time.GetElapsedTime(began) > _patience)
            {
                return PlaybackReasons.Stalled;
            }

            _link.HasInput.WaitOne(TickLength);
        }

        return null;
    }

    private void Heed()
    {
        var isOther = false;
        while (_link.TryTakeCommand(out var command))
        {
            isOther |= command.Act is not PlayerAct.Keyframe;
            _done = Math.Max(_done, command.Number);
            switch (command.Act)
            {
                case PlayerAct.Pause:
                    _isPaused = true;
                    break;
                case PlayerAct.Resume:
                    _isPaused = false;
                    break;
                case PlayerAct.Volume:
                    _volumeDb = Math.Clamp(command.Value, -MostDb, MostDb);
                    break;
                case PlayerAct.Seek when _source.Length is { } length:
                    _position = Math.Clamp(command.Value / 1_000, 0, length.TotalSeconds);
                    _source.Seek(TimeSpan.FromSeconds(_position));
                    break;
                case PlayerAct.Keyframe:
                    _wantsKeyframe = true;
                    break;
            }
        }

        if (isOther)
        {
            Tell();
        }
    }

    private void Show(Vp8Sender? pictures, TimeSpan now, bool isGoing, ref TimeSpan pictureAt)
    {
        if (pictures is null)
        {
            return;
        }

        AvFrame? due = null;
        var dueAt = now;
        while (isGoing && _source.TryTakePicture(_position + Tick, out var picture, out var at))
        {
            if (due is not null)
            {
                _source.Return(due);
            }

            due = picture;
            dueAt = now + TimeSpan.FromSeconds(Math.Clamp(at - _position, 0, Tick));
        }

        if (due is not null)
        {
            if (_shown is not null)
            {
                _source.Return(_shown);
            }

            _shown = due;
        }

        // The last one again: for who needs a keyframe, and so that a standstill is not taken for an end.
        var isAgain = due is null && (_wantsKeyframe || pictureAt == TimeSpan.MinValue || now - pictureAt >= Standstill);
        if (_shown is null || (!isAgain && due is null) || (pictureAt != TimeSpan.MinValue && dueAt - pictureAt < LeastDistance && !_wantsKeyframe))
        {
            return;
        }

        pictures.Send(_shown, dueAt, _wantsKeyframe);
        (pictureAt, _wantsKeyframe) = (dueAt, false);
    }

    private void Sound(OpusSender? sounds, TimeSpan now, bool isGoing)
    {
        if (sounds is null)
        {
            return;
        }

        if (isGoing)
        {
            _source.TakeSound(_sound, _position);
            var gain = _volumeDb <= -MostDb ? 0f : (float)Math.Pow(10, _volumeDb / 20);
            for (var i = 0; gain != 1 && i < _sound.Length; i++)
            {
                _sound[i] = Math.Clamp(_sound[i] * gain, -1f, 1f);
            }
        }
        else
        {
            _sound.AsSpan().Clear();
        }

        sounds.Send(_sound, now);
    }

    private void Report(RtpSource? sound, RtpSource? picture, TimeSpan now, NtpTime wallClock)
    {
        foreach (var source in (RtpSource?[])[sound, picture])
        {
            if (source is { HasSent: true })
            {
                var writer = new RtcpWriter(_report);
                source.Report(ref writer, now, wallClock);
                _link.SendPacket(_report.AsSpan(0, writer.Length), isRtcp: true);
            }
        }
    }

    private void Tell()
    {
        _link.Send(new WirePlaying
        {
            HasSound = _source.HasSound,
            HasPicture = _source.HasPicture,
            IsPaused = _isPaused,
            PositionMs = Math.Round(_position * 1_000),
            LengthMs = _source.Length?.TotalMilliseconds,
            VolumeDb = _volumeDb,
            Done = _done,
        });
        _link.Flush();
    }
}
