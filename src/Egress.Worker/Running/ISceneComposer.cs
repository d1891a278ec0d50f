using Roomcast.Egress.Composition;
using Roomcast.Egress.Composition.Wire;
using Roomcast.Egress.Worker.Intake;

namespace Roomcast.Egress.Worker.Running;

/// <summary>What makes pictures and sound of what is due. One caller; a call may take as long as it must.</summary>
internal interface ISceneComposer : IIntakeOutput, IDisposable
{
    /// <summary>Takes the scene as it is now.</summary>
    void SetScene(Scene scene);

    /// <summary>Makes the picture of a tick and the sound that is complete by then.</summary>
    void Tick(long number);
}

/// <summary>Makes what composes.</summary>
/// <param name="start">What it is to encode, and how.</param>
/// <param name="output">Where it goes.</param>
/// <exception cref="ComposingException">It cannot compose.</exception>
internal delegate ISceneComposer MakeComposer(WireStart start, ServerLink output);

/// <summary>This machine or these settings do not let it compose. The message says what is missing or wrong, for whoever runs the server.</summary>
internal sealed class ComposingException(string message, Exception? innerException = null) : Exception(message, innerException);
