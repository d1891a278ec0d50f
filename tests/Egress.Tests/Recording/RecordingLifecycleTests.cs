using Roomcast.Egress.Recording;

namespace Roomcast.Egress.Tests.Recording;

public sealed class RecordingLifecycleTests
{
    [Fact]
    public void Every_pair_of_state_and_input_leads_where_the_contract_says()
    {
        var allowed = new Dictionary<(RecordingStatus, RecordingInput), RecordingStatus>
        {
            [(RecordingStatus.Invoked, RecordingInput.FirstFrame)] = RecordingStatus.Recording,
            [(RecordingStatus.Recording, RecordingInput.Pause)] = RecordingStatus.Paused,
            [(RecordingStatus.Paused, RecordingInput.Resume)] = RecordingStatus.Recording,
            [(RecordingStatus.Invoked, RecordingInput.Stop)] = RecordingStatus.Uploading,
            [(RecordingStatus.Recording, RecordingInput.Stop)] = RecordingStatus.Uploading,
            [(RecordingStatus.Paused, RecordingInput.Stop)] = RecordingStatus.Uploading,
            [(RecordingStatus.Uploading, RecordingInput.Stored)] = RecordingStatus.Uploaded,
            [(RecordingStatus.Invoked, RecordingInput.Fail)] = RecordingStatus.Errored,
            [(RecordingStatus.Recording, RecordingInput.Fail)] = RecordingStatus.Errored,
            [(RecordingStatus.Paused, RecordingInput.Fail)] = RecordingStatus.Errored,
            [(RecordingStatus.Uploading, RecordingInput.Fail)] = RecordingStatus.Errored,
        };

        foreach (var status in Enum.GetValues<RecordingStatus>())
        {
            foreach (var input in Enum.GetValues<RecordingInput>())
            {
                RecordingStatus? expected = allowed.TryGetValue((status, input), out var next) ? next : null;
                Assert.Equal((status, input, expected), (status, input, RecordingLifecycle.Next(status, input)));
            }
        }
    }
}
