using System.Buffers;
using Roomcast.Media.Containers.Mp3;

namespace Roomcast.Egress.Worker.Converting;

/// <summary>Writes a sound as an MP3 file, with a frame in front that says how long it is.</summary>
internal sealed class Mp3Output : IDisposable
{
    private const int HeaderLength = 4;
    private const int FrameSamples = 1_152;

    private readonly OutputFile _file;
    private readonly SoundEncoding _encoding;
    private byte[] _header = [];
    private int _frameLength;
    private long _frames;
    private long _bytes;
    private long _first;
    private long _samples;

    public Mp3Output(string path, ConversionOrder order, int sampleRateHz)
    {
        _file = new OutputFile(path, order.MinFreeBytes);
        _encoding = new SoundEncoding(SoundEncoding.Mp3, sampleRateHz, order.IsMono ? 1 : 2, order.AudioBitrateBps, Take);
    }

    public void Encode(ReadOnlySpan<float> left, ReadOnlySpan<float> right)
    {
        _encoding.Encode(left, right);
        _file.Flush();
    }

    public void Finish()
    {
        _samples = _encoding.Given;
        _encoding.Finish();
        _file.Finish(_frameLength == 0
            ? []
            : Mp3InfoFrame.Make(_header, _frameLength, _frames, _bytes, (int)-_first, (int)((_frames * FrameSamples) + _first - _samples)));
    }

    public void Dispose()
    {
        _encoding.Dispose();
        _file.Dispose();
    }

    private void Take(long time, ReadOnlySpan<byte> payload)
    {
        if (_frameLength == 0)
        {
            // Its place: how much follows is known at the end.
            (_header, _frameLength, _first) = (payload[..HeaderLength].ToArray(), payload.Length, time);
            _file.Output.Write(new byte[payload.Length]);
        }

        _file.Output.Write(payload);
        _frames++;
        _bytes += payload.Length;
    }
}
